def grind(corn):
    if corn:
        turn(corn)
    else:
        wait()
    try:
        sift()
    except Jam:
        clear()
