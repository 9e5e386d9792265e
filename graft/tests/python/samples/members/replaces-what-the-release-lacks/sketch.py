"""A mark that replaces what the release lacks stops the weave."""

def close_gate():  # replaces nova
    return 0
