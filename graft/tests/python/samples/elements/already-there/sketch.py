"""What Nova has too stays where it is and is not added again."""

STONES = [..., 'rough']
SPEEDS = {...: ..., 'rough': 3}
