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


"""Which servers leave a host so that another one can grow on it.

That is as few as will do, and of those the smallest.
"""

import itertools

from oslo_utils import strutils

from nova.elastic import flavor as flavors

# Extra spec of a flavor.
MOVABLE_EXTRA_SPEC = 'xloud:movable'

# How many choices are compared, and for how many of them other hosts are
# looked at.
_COMPARED = 100000
_TRIED = 4


def is_movable(flavor):
    """Whether servers of a flavor may be moved so that others can grow."""
    return strutils.bool_from_string(
        flavors.get_extra_specs(flavor).get(MOVABLE_EXTRA_SPEC), default=True)


def choose_neighbours(shortage, sizes, find_hosts, most):
    """Choose which servers leave a host, and where each of them goes.

    :param shortage: What the host lacks, a Size
    :param sizes: What each server that may leave has, a Size by its UUID
    :param find_hosts: A function that returns for a UUID what is available on
        each host to which that server can go, a Size by host
    :param most: How many servers may leave
    :returns: Pairs of a UUID and a host; none if no choice will do
    """
    hosts = {}
    for count in range(1, most + 1):
        tried = 0
        for uuids in _in_order(shortage, sizes, count):
            if any(hosts.get(uuid) == {} for uuid in uuids):
                continue
            if tried == _TRIED:
                break
            tried += 1
            for uuid in uuids:
                if uuid not in hosts:
                    hosts[uuid] = find_hosts(uuid)
            places = _place({uuid: sizes[uuid] for uuid in uuids}, hosts)
            if places:
                return places
    return []


def _in_order(shortage, sizes, count):
    """Return which servers would release enough, the smallest ones first."""
    choices = []
    # What the others can release at most.
    rest = [sum(sorted(amounts)[-(count - 1):]) if count > 1 else 0
            for amounts in zip(*sizes.values())]
    smallest_first = sorted(
        (uuid for uuid, size in sizes.items() if _is_within(
            shortage, map(sum, zip(size, rest)))),
        key=lambda uuid: _weight(sizes[uuid]))
    for uuids in itertools.islice(
            itertools.combinations(smallest_first, count), _COMPARED):
        released = flavors.Size(*map(sum, zip(*map(sizes.get, uuids))))
        if _is_within(shortage, released):
            choices.append((_weight(released), uuids))
    return [uuids for _released, uuids in sorted(choices)]


def _place(sizes, hosts):
    """Return a host for each server, or None if there is not room for all.

    :param hosts: What is available for each server, a Size by host
    """
    taken = {}
    places = []
    for uuid in sorted(sizes, key=lambda uuid: _weight(sizes[uuid]),
                       reverse=True):
        rooms = {host: flavors.Size(*(
            there - gone for there, gone in zip(room, taken.get(host, (0, 0)))
        )) for host, room in hosts[uuid].items()}
        fitting = [host for host, room in rooms.items()
                   if _is_within(sizes[uuid], room)]
        if not fitting:
            return None
        host = max(fitting, key=lambda host: _weight(rooms[host]))
        taken[host] = flavors.Size(*map(
            sum, zip(sizes[uuid], taken.get(host, (0, 0)))))
        places.append((uuid, host))
    return places


def _is_within(size, room):
    return all(needed <= there for needed, there in zip(size, room))


def _weight(size):
    # It takes as long to move a server as its memory does.
    return size.memory_mb, size.vcpus
