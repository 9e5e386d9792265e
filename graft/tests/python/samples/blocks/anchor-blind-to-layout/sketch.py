"""Quotes, brackets and line breaks do not count when an anchor is sought."""

def grind(corn):
    name = '%s of %s' % (corn, 'flour')  # nova
    log(name)
    ...
