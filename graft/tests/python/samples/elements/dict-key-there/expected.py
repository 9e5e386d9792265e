SPEEDS = {
    'fine': 7,  # slow
    'rough': 3,
    'coarse':   2,
}
