"""A sketch that forgets an indentation stops the weave, with the line."""

def grind(corn):
log(corn)
...
