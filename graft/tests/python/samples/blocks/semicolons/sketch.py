"""Statements that share a line are one line to hold on to."""

def grind(corn):
    a = ...; b = ...  # nova
    c = 3; d = 4
    ...
