def grind(corn):
    try:
        check(corn)
        turn(corn)
    except Jam:
        log('jam')
        raise
    finally:
        stop()
