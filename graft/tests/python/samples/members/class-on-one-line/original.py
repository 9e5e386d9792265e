class Jam(Exception): pass
