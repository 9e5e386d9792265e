def grind(corn):
    try:
        turn(corn)
    # Too much of it.
    except Flood:
        drain()
    except Jam:
        clear()
    except Drought as dry:
        pray(dry)
    except Exception:
        flee()
