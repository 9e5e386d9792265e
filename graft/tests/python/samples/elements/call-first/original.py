def list_wheels():
    return itertools.chain(
        water.wheels(),
        wind.wheels(),
    )
