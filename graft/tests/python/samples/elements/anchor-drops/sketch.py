"""What Nova has between an anchor and the end is dropped where no `...` stands."""

STONES = [
    ...,
    'coarse',  # nova
    'rough',
]
