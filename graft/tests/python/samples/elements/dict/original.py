SPEEDS = {
    'fine': 1,
    'coarse': 2
}
