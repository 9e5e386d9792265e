"""The clauses of a `try` are woven one by one."""

def grind(corn):
    try:  # nova
        check(corn)
        ...
    except (Flood, Fire) as error:
        log(error)
        ...
    else:
        ...
        log('done')
    finally:
        log('stopping')
        ...
