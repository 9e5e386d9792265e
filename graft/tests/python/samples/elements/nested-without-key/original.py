ROUTES = (
    ('/wheel', {
        'GET': [wheel, 'show'],
    }),
    ('/stone', {
        'GET': [stone, 'show'],
        'PUT': [stone, 'lay'],
    }),
)
