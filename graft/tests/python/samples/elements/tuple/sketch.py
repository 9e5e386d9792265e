"""Elements of ours follow Nova's where `...` comes first, on lines as Nova's."""

STONES = (
    ...,
    'rough',
)
