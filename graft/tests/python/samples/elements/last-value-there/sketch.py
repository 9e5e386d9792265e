"""The last of Nova's keys takes our value and keeps its comment."""

SPEEDS = {
    ...: ...,
    'coarse': 3,  # replaces nova
}
