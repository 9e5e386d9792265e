"""Blank lines that the style wants between ours and Nova's are made up for."""

X = ...
def walk():
    return X
