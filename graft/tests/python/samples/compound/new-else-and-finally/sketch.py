"""Clauses that Nova's `try` lacks are added where Python wants them."""

def grind(corn):
    try:  # nova
        ...
    except Jam:
        ...
    else:
        log('done')
    finally:
        stop()
