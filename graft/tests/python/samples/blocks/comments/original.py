def grind(corn):
    # Nova's comment.
    check(corn)  # Nova's too

    turn(corn)
