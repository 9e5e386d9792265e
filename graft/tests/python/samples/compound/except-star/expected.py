def grind(corn):
    try:
        turn(corn)
    except* Jam:
        log('jam')
        clear()
    except* Flood:
        drain()
