"""An argument of ours may come first."""

def list_wheels():
    return itertools.chain(steam.wheels(), ...)
