def grind(corn):
    check(corn)
    # Feed it.
    hopper = [corn,
              corn]
    log(hopper)
    turn(hopper)


    return  hopper    # flour
