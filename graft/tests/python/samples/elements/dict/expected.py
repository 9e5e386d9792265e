SPEEDS = {
    'fine': 1,
    'coarse': 2,
    'rough': 3
}
