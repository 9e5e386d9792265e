WIDTH = 3
HEIGHT = 4
# In metres, from the sill.
FALL = 2.5

DEPTH = 5
