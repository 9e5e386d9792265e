"""Comments right above or inside our own statements are woven; an anchor's are for the reader."""

def grind(corn):
    # This explains the anchor.
    check(...)  # nova
    # This explains the edit.

    # Dry corn is ground twice.
    # By hand.
    if corn.dry:  # rarely
        # And slowly.
        turn(corn)

    log(corn)
    # So does this.
    ...
