ROUTES = [
    ('/stone', [1]),
    ('/stone', [2]),
]
