"""The usage of a server is an object that Nova lacks."""

object_data = {
    ...: ...,
    'SizeUsage': '1.0-192016a17f7858ad68fa4859c6f9b87f',
}
