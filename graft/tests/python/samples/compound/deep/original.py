def grind(corns):
    for corn in corns:
        with lock:
            try:
                if corn.dry:
                    turn(corn)
                    sift(corn)
                else:
                    dry(corn)
            except Jam:
                clear()
