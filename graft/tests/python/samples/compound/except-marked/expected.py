def grind(corn):
    try:
        turn(corn)
    except Jam as jam:
        clear(jam)
        log('jam')
        raise
    finally:
        stop()
        rest()
