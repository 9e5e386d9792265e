"""Blocks are woven however deep they stand."""

def grind(corns):
    for corn in corns:  # nova
        with lock:  # nova
            try:  # nova
                if corn.dry:  # nova
                    turn(corn)  # nova
                    count(corn)
                    ...
            except Jam:
                ...
                log('jam')
