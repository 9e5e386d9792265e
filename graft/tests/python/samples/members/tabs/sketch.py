"""A release indented by tabs gets ours indented by tabs."""

class Gate:

    def close(self):
        if self.wide:
            return 0
