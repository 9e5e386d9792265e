def grind(corn):
    # Nova's comment.
    check(corn)  # Nova's too

    # Dry corn is ground twice.
    # By hand.
    if corn.dry:  # rarely
        # And slowly.
        turn(corn)

    log(corn)

    turn(corn)
