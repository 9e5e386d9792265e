SPEEDS = {
    'fine': 1,
    'coarse': 2,  # fast
}
