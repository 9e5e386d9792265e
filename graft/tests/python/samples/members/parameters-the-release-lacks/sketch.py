"""`*nova` in a function that the release lacks stops the weave."""

class Gate:

    def open_wide(*nova, width=3):
        return width
