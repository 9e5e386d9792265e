def grind(corn):
    while True:
        if turn(corn):
            break
