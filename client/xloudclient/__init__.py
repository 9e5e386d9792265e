"""Elastic servers for openstacksdk: the size of servers, and how to adjust it while they run."""

from xloudclient.elastic import Elastic
from xloudclient.errors import AdjustFailed, AdjustTimeout, NotSupported, XloudError
from xloudclient.images import ElasticImages, ImageDeclaration
from xloudclient.remedies import remedy
from xloudclient.sizes import Adjust, FlavorSize, Forecast, Period, ServerSize

__all__ = [
    'Adjust',
    'AdjustFailed',
    'AdjustTimeout',
    'Elastic',
    'ElasticImages',
    'FlavorSize',
    'Forecast',
    'ImageDeclaration',
    'NotSupported',
    'Period',
    'ServerSize',
    'XloudError',
    'remedy',
]
