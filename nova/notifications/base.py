"""Notifications say what a server has."""

from nova import elastic


def info_from_instance(*nova):
    ...
    instance_info = ...  # nova
    instance_info.update(elastic.size(instance)._asdict())
    ...
