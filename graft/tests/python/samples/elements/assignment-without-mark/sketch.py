"""An assignment of Nova's shown without a sign or the mark stops the weave."""

class Mill:
    stones = 3
