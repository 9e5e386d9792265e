def grind(corn):
    text = """one
  two
    three"""
    other = (f'{corn} and'
             f" {text!s}"
             r'\d')
    return corn
