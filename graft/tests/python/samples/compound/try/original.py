def grind(corn):
    try:
        turn(corn)
    except Jam:
        clear()
    except (Flood, Fire) as error:
        flee(error)
    else:
        rest()
    finally:
        stop()
