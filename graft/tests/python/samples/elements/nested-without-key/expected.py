ROUTES = (
    ('/wheel', {
        'GET': [wheel, 'show'],
    }),
    ('/stone', {
        'GET': [stone, 'show'],
        'PUT': [stone, 'lay'],
        'POST': [stone, 'turn'],
    }),
    ('/gate', {'GET': [gate, 'show']}),
)
