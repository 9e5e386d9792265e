"""What runs with the Python of the cloud, each a program of its own.

They are called by path, so that ``nova`` is the one that is installed there.
"""
