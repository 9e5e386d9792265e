"""Later releases describe and validate what an API answers; this one cannot."""


def query_schema(*nova):
    ...


def response_body_schema(response_body_schema):
    """Accept the schema of a response, which this release cannot validate."""
    return lambda function: function


def validated(cls):
    """Accept a controller whose schemas later releases check."""
    return cls
