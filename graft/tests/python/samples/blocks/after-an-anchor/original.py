def grind(corn):
    check(corn)
    # Feed it.
    hopper = [corn,
              corn]
    turn(hopper)


    return  hopper    # flour
