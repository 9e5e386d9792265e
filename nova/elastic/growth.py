# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


"""How much the servers of a host may still grow, as the scheduler knows it.

A compute publishes it in the statistics of its node, which are there anyway.
"""

from nova.elastic.flavor import maximum
from nova.elastic.flavor import Size

_NONE = Size(0, 0)

# What a host publishes; there is nothing if none of its servers is elastic.
_STATISTIC = 'xloud_growth_%s'


def growth(flavor, size):
    """Return how much a server may still grow, as a Size."""
    return Size(*(most - now for most, now in zip(maximum(flavor), size)))


def publish_growth(statistics, growths):
    """Note in the statistics of a node how much its servers may grow.

    :param growths: A Size for each of its elastic servers
    :returns: Whether that is something else than before
    """
    before = dict(statistics)
    total = Size(*map(sum, zip(_NONE, *growths)))
    for field, amount in total._asdict().items():
        if amount or _STATISTIC % field in statistics:
            statistics[_STATISTIC % field] = amount
    return statistics != before


def published_growth(statistics):
    """Return how much the servers of a node may grow, as a Size."""
    return Size(*(int(statistics.get(_STATISTIC % field, 0))
                  for field in Size._fields))
