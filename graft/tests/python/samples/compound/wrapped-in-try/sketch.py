"""A `try` of ours may take Nova's statements in each of its clauses."""

def grind(corn):
    try:
        ...
    except Jam:
        log('jam')
        raise
    finally:
        stop()  # nova
