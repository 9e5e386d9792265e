"""Later releases have limits that need not be registered; this one has none."""


def use_unified_limits(*nova):
    ...


def should_enforce(error):
    """Return whether a limit that is exceeded is enforced: always, here."""
    return True
