class Gate:

    def open(self):
        return 1
