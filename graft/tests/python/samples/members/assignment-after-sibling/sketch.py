"""A new assignment stands after the one it follows in the sketch."""

HEIGHT = ...
# In metres, from the sill.
FALL = 2.5
