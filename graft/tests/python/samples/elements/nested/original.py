SPEEDS = {
    'fine': [1, 2],
    'coarse': {'dry': 3,
               'wet': [4]},
}
