"""A list without a comma at its end stays so."""

STONES = [
    ...,
    'rough',
]
SIEVES = [..., 'rough']
