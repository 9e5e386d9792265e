"""Elastic memory has small pages: a balloon cannot give back parts of others."""

from nova import elastic


def numa_get_constraints(*nova):
    ...
    pagesize = ...  # nova
    if (pagesize == MEMPAGES_ANY and
            'memory_mb' in elastic.elastic_resources(flavor)):
        # "any" may end up on huge pages, which a balloon cannot give back.
        pagesize = MEMPAGES_SMALL
    ...
