"""A class inside a function is woven as a class is."""

def grind(corn):

    class Stone(object):

        ...

        def stop(self):
            return 0
    ...
