def grind(corn):
    name = ("%s of %s"
            % (corn, "flour",))
    return name
