class Gate:
    width = 3
    depth: int = 5
    height = 4

    def open(self):
        return 1
