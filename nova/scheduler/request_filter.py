"""Elastic servers go only to computes that can run them, on every move."""

from nova import elastic


@trace_request_filter
def elastic_filter(ctxt, request_spec):
    """Require a compute that can run elastic servers, if this is one.

    A compute does not report the traits if its version of Nova has no elastic
    servers, or if its driver cannot adjust them in that way.
    """
    if not elastic.is_elastic(request_spec.flavor):
        return False
    image = request_spec.image if 'image' in request_spec else None
    traits = elastic.required_traits(
        request_spec.flavor,
        image and image.properties.get('hw_cpu_policy'))
    request_spec.root_required.update(traits)
    LOG.debug('elastic_filter request filter added traits %s', traits)
    return True


ALL_REQUEST_FILTERS = [
    ...,
    elastic_filter,
]
