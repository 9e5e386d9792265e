def grind(corns):
    for corn in corns:
        check(corn)
    for corn in sorted(corns):
        if corn.bad:
            continue
        turn(corn)
    else:
        stop()
        log('done')
