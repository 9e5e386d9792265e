def list_wheels():
    return itertools.chain(
        steam.wheels(),
        water.wheels(),
        wind.wheels(),
    )
