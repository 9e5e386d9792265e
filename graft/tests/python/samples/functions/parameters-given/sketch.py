"""Parameters without `*nova` are the sketch's; if some of Nova's go, the line says so."""

def grind(corn, stones=3, *, fast=False):  # drops nova
    ...
