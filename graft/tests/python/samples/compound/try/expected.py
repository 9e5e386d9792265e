def grind(corn):
    try:
        check(corn)
        turn(corn)
    except Jam:
        clear()
    except (Flood, Fire) as error:
        log(error)
        flee(error)
    else:
        rest()
        log('done')
    finally:
        log('stopping')
        stop()
