STONES = (
    'fine',
    'coarse',  # rarely
)
