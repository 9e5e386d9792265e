"""The usage of a server is an object that Nova lacks."""

object_data = {
    ...: ...,
    'SizeUsage': '1.0-fb2883605a52b4e50d2d146a32861d4b',
}
