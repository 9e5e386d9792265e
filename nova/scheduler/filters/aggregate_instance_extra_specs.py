"""The minimums of a flavor are nothing that an aggregate has to offer.

The filter takes every extra spec without a namespace for a requirement.
"""

from nova import elastic


class AggregateInstanceExtraSpecsFilter(filters.BaseHostFilter):

    def host_passes(*nova):
        ...
        for key, req in ...:  # nova
            if elastic.is_elastic_extra_spec(key):
                continue
            ...
        ...
