"""A class inside a class is woven as any class is."""

class Mill:

    class Gate:

        def close(self):
            return 0
