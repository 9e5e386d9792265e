def grind(corn):
    try:
        turn(corn)
    except Jam:
        clear()
    else:
        log('done')
    finally:
        stop()
