SPEEDS = {
    'fine': [1, 2, 3],
    'coarse': {'dry': 3,
               'wet': [4, 5],
               'damp': 6},
}
