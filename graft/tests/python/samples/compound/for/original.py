def grind(corns):
    for corn in corns:
        check(corn)
    for corn in sorted(corns):
        turn(corn)
    else:
        stop()
