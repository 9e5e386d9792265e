SPEEDS = {
    'fine': 1,
    'coarse': 3,  # fast
}
