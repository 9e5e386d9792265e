"""A parameter before `*nova` that Nova does not have stops the weave."""

def grind(slow, *nova):
    ...
