def list_wheels():
    log('wheels',
        2,  # of wood
        3
        )
    return itertools.chain(
        water.wheels(),
        wind.wheels(),  # in summer
        steam.wheels(),
    )
