"""Later releases have limits that need not be registered; this one has none."""


def use_unified_limits(*nova):
    ...


def should_enforce(error):
    return True
