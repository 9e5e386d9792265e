"""Elastic servers go only to computes that can run them, on every move."""

from nova import elastic


@trace_request_filter
def elastic_filter(ctxt, request_spec):
    """Require a compute that can run elastic servers, if this is one.

    A compute does not report the trait if its version of Nova has no elastic
    servers, or if its driver cannot adjust them.
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
