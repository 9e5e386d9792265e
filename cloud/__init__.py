"""A real one-machine OpenStack that runs the fork, and the tests that drive it.

``cli`` is the front, ``lifecycle`` the order of things, ``services`` one
module per service with the verbs of ``service.Service``.
"""
