"""What stands below an anchor follows it; `...` keeps the rest."""

def grind(corn):
    ...
    hopper = ...  # nova
    log(hopper)
    ...
