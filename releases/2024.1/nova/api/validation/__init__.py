"""Later releases describe and validate what an API answers; this one cannot."""


def query_schema(*nova):
    ...


def response_body_schema(response_body_schema):
    return lambda function: function


def validated(cls):
    return cls
