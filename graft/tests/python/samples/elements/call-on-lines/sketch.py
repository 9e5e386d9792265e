"""Arguments on lines, with a comma at the end and without, gain a line."""

def list_wheels():
    log(..., 3)
    return itertools.chain(..., steam.wheels())
