"""An element to hold on to that Nova lacks stops the weave."""

STONES = [
    ...,
    'course',  # nova
    'rough',
]
