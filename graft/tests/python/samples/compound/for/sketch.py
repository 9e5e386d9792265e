"""A loop is found by its variable and what it runs over."""

def grind(corns):
    ...
    for corn in sorted(...):  # nova
        if corn.bad:
            continue
        ...
    else:
        ...
        log('done')
