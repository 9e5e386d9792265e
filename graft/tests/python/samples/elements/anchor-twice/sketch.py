"""An element to hold on to that stands twice stops the weave."""

STONES = [
    ...,
    stone(...),  # nova
    'rough',
    ...,
]
