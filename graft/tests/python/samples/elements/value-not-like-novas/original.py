SPEEDS = {
    'fine': (1, 2),
}
