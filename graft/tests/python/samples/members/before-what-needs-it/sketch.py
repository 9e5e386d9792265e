"""What the module needs while it is imported stands before the statement that needs it."""

def rough():
    return 2


STONES = {
    ...: ...,
    'rough': rough(),
}
