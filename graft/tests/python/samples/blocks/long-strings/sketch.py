"""Our long strings and f-strings are woven as they stand."""

def grind(corn):
    text = """one
  two
    three"""
    other = (f'{corn} and'
             f" {text!s}"
             r'\d')
    ...
