SPEEDS = {
    'fine': 1,  # slow
    'coarse':   2,
}
