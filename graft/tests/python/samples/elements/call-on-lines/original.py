def list_wheels():
    log('wheels',
        2  # of wood
        )
    return itertools.chain(
        water.wheels(),
        wind.wheels(),  # in summer
    )
