class Gate:

    def open(self):
        return 1

    # Slowly.
    def close(self):
        # Mind the fish.
        self.wait()  # a while

        # Now it is shut.
        return 0
