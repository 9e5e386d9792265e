def grind(corn):
    if corn:
        turn(corn)
    else:
        leave()
    try:
        sift()
    except Jam:
        # Not today.
        flee()
