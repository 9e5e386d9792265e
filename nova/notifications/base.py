"""Notifications say what a server has."""

from nova import elastic


def info_from_instance(*nova):
    ...
    size = elastic.size(instance)
    instance_info = dict(
        ...,
        memory_mb=size.memory_mb,  # replaces nova
        vcpus=size.vcpus)  # replaces nova
    ...
