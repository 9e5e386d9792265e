"""Computes ask conductors for usage and quota by objects."""


def register_all():
    ...
    __import__('nova.objects.size_history')
    __import__('nova.objects.size_quota')
