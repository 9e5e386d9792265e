def grind(corn):
    try:
        turn(corn)
    except Jam as jam:
        clear(jam)
        raise
    finally:
        stop()
