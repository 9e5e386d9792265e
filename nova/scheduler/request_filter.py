"""Elastic servers go only to computes that can run them, on every move."""

from nova import elastic


@trace_request_filter
def elastic_filter(ctxt, request_spec):
    """Require a compute that can run elastic servers for those.

    A compute that does not report the trait is not running code that boots a
    server at its minimum, or has a driver that cannot change its size.
    """
    if not elastic.is_elastic(request_spec.flavor):
        return False
    request_spec.root_required.add(elastic.TRAIT)
    LOG.debug('elastic_filter request filter added trait %s', elastic.TRAIT)
    return True


ALL_REQUEST_FILTERS = [
    ...,
    elastic_filter,
]
