"""An assignment of ours takes the place of Nova's where the sketch says so."""

STONES = [9]  # replaces nova
SPEED: float = 3.5  # replaces nova
