"""Comments right above or inside our own members are woven, those set apart are not."""

# This one speaks to the reader of the sketch.

class Gate:

    # So does this one, which nothing follows directly.

    # Slowly.
    def close(self):
        # Mind the fish.
        self.wait()  # a while

        # Now it is shut.
        return 0

    # And so does this one at the end.
