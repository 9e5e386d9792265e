"""The usage of a server is an object that Nova lacks."""

object_data = {
    ...: ...,
    'SizeUsage': '1.0-79654faa3d4c5db347b99e8c969fcadb',
}
