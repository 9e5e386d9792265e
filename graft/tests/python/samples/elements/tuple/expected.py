STONES = (
    'fine',
    'coarse',  # rarely
    'rough',
)
