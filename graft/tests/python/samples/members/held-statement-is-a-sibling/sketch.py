"""A statement that the sketch holds on to is a sibling as well."""

register(wheels)  # nova
register(sieves)
