def grind(corn):
    name = ("%s of %s"
            % (corn, "flour",))
    log(name)
    return name
