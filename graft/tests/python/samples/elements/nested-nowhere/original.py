ROUTES = (
    ('/wheel', {
        'GET': [wheel, 'show'],
    }),
)
