"""A mark on a comment line of its own holds on to nothing."""

# nova
Y = 2
