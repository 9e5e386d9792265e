def grind(corn):
    try:
        turn(corn)
    except Jam:
        clear()
    except:
        flee()
