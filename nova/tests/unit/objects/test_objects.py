"""The usage and the quota of a server are objects that Nova lacks."""

object_data = {
    ...: ...,
    'SizeQuota': '1.0-b8de1ae49e79c8a36052234b5fe79e77',
    'SizeUsage': '1.0-fb2883605a52b4e50d2d146a32861d4b',
}
