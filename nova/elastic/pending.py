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

"""What is to be done to an elastic server later.

That is recorded in the system metadata of the server, so that it survives
restarts and moves with the server. Times are in seconds since the epoch.
"""

import typing as ty

from oslo_serialization import jsonutils

from nova.compute import task_states
from nova.elastic import flavor as flavors
from nova.elastic import pinning
from nova.elastic import server
from nova import exception

# Keys of the instance's system metadata.
_RETURN = 'xloud_return'
_WAITING = 'xloud_waiting'
_MOVING = 'xloud_moving'

# The database has room for 255 characters, so these fields have keys of their
# own.
_APART = {_MOVING: ('source', 'migration_uuid')}

# What becomes of a request for which the host of the server has no capacity.
REFUSE, WAIT, MOVE = WHEN_FULL = ('refuse', 'wait', 'move')

# Extra specs of a flavor.
WHEN_FULL_EXTRA_SPEC = 'xloud:when_full'
PRIORITY_EXTRA_SPEC = 'xloud:priority'


class Request(ty.NamedTuple):
    """What an adjustment requests."""

    # None stands for what is to be left as it is.
    size: flavors.Size
    # Whether the server also starts with that from now on.
    persist: bool = True
    # Whether its memory may go below what its guest needs.
    force: bool = False
    # After how many seconds it goes back, if it does.
    for_seconds: ty.Optional[int] = None
    # One of WHEN_FULL, or None for what its flavor or the operator says.
    when_full: ty.Optional[str] = None


class Return(ty.NamedTuple):
    """A server goes back to the size that it had before a timed one."""

    at: int
    # What its guest had and, if that differs, would have been started with.
    size: flavors.Size
    start: flavors.Size
    # A resize to another flavor ends it.
    flavor_id: int


class Waiting(ty.NamedTuple):
    """A server waits for capacity on its host."""

    # That of the Request.
    size: flavors.Size
    persist: bool
    force: bool
    for_seconds: ty.Optional[int]
    # Which action it continues: another one has replaced this.
    action: str
    request_id: str
    since: float
    until: int
    # A resize to another flavor ends it.
    flavor_id: int

    @classmethod
    def of_move(cls, moving, until):
        """Return what waits instead of a move that was not begun."""
        fields = moving._asdict()
        return cls(until=until, **{
            name: fields[name] for name in cls._fields if name in fields})

    @property
    def request(self):
        return Request(self.size, self.persist, self.force, self.for_seconds,
                       WAIT)


class Moving(ty.NamedTuple):
    """A server moves to a host that has the capacity, and grows there."""

    # That of the Request.
    size: flavors.Size
    persist: bool
    force: bool
    for_seconds: ty.Optional[int]
    # Which action it continues.
    action: str
    request_id: str
    since: float
    # From which host, by which migration.
    source: str
    migration_uuid: str
    # A resize to another flavor ends it.
    flavor_id: int

    @property
    def request(self):
        return Request(self.size, self.persist, self.force, self.for_seconds)


class Pending(ty.NamedTuple):
    """All that is to be done to a server later."""

    returning: ty.Optional[Return] = None
    waiting: ty.Optional[Waiting] = None
    moving: ty.Optional[Moving] = None

    def get_continued(self, request_id):
        """Return what continues this request, if anything does."""
        for continued in (self.waiting, self.moving):
            if continued and continued.request_id == request_id:
                return continued


def get_pending(instance):
    """Return the Pending that is recorded for a server."""
    if not flavors.is_elastic(instance.flavor):
        return Pending()
    return Pending(_read(instance, _RETURN, Return),
                   _read(instance, _WAITING, Waiting),
                   _read(instance, _MOVING, Moving))


def set_pending(instance, pending):
    """Record a Pending. The caller saves the instance."""
    _write(instance, _RETURN, pending.returning)
    _write(instance, _WAITING, pending.waiting)
    _write(instance, _MOVING, pending.moving)


def forget_stale(instance):
    """Forget what was to be done to a server with another flavor.

    The caller saves the instance.

    :returns: A list of each Waiting and Moving, which continued a request
    """
    if not {_RETURN, _WAITING, _MOVING} & instance.system_metadata.keys():
        return []
    current = get_pending(instance)
    stale = [continued for key, kind, kept in (
                 (_WAITING, Waiting, current.waiting),
                 (_MOVING, Moving, current.moving))
             for continued in [_load(instance, key, kind)]
             if continued != kept]
    set_pending(instance, current)
    return stale


def _read(instance, key, kind):
    recorded = _load(instance, key, kind)
    if recorded and recorded.flavor_id == instance.flavor.id:
        return recorded


def _load(instance, key, kind):
    try:
        recorded = jsonutils.loads(instance.system_metadata[key])
        for field in _APART.get(key, ()):
            recorded[field] = instance.system_metadata['%s_%s' % (key, field)]
    except (KeyError, ValueError):
        return None
    return kind(**{name: flavors.Size(*value) if isinstance(value, list)
                   else value for name, value in recorded.items()})


def _write(instance, key, value):
    fields = value._asdict() if value else {}
    for field in _APART.get(key, ()):
        _write_string(
            instance, '%s_%s' % (key, field), fields.pop(field, None))
    _write_string(instance, key, jsonutils.dumps(fields) if value else None)


def _write_string(instance, key, value):
    if value is None:
        instance.system_metadata.pop(key, None)
    elif value != instance.system_metadata.get(key):
        instance.system_metadata[key] = value


def when_full(flavor):
    """Return what a flavor says about full hosts, or None."""
    value = flavors.get_extra_specs(flavor).get(WHEN_FULL_EXTRA_SPEC)
    return value if value in WHEN_FULL else None


def priority(flavor):
    """Return the priority of the servers of a flavor that wait."""
    try:
        return int(flavors.get_extra_specs(flavor)[PRIORITY_EXTRA_SPEC])
    except (KeyError, ValueError):
        return 0


def claimed_size(instance, request):
    """Return what a server is accounted for while it is adjusted."""
    size, _start = server.sizes_after(
        instance, request.size, request.persist)
    return flavors.elementwise_max(size, server.size(instance))


def size_at_destination(instance):
    """Return what a server that moves is accounted for on its new host."""
    moving = get_pending(instance).moving
    return (claimed_size(instance, moving.request) if moving else
            server.size(instance))


def size_in_move(instance, host):
    """Return what a server is accounted for on one of its hosts.

    :param host: The name of the host on which it is, or to which or from
        which it moves
    """
    moving = get_pending(instance).moving
    # What was claimed for it on its new host is kept until it grows.
    return (size_at_destination(instance) if moving and moving.source != host
            else server.size(instance))


def settle_pins(instance):
    """Let a server that has moved own the host CPUs that it has there now.

    Its topology was made for its size before, and it may start with less. The
    caller saves the instance.
    """
    # It is loaded if the move has changed it.
    if 'numa_topology' in instance and pinning.has_pins(
            instance.numa_topology):
        server.release_pins(instance, flavors.elementwise_max(
            server.size(instance), size_at_destination(instance)))


def destination_flavor(instance):
    """Return the flavor that a request for a new host of a server has."""
    # Another move, such as an evacuation, is for what the server has.
    if (instance.task_state != task_states.MIGRATING or
            not get_pending(instance).moving):
        return server.request_flavor(instance)
    flavor = flavors.flavor_at_size(
        instance.flavor, size_at_destination(instance))
    # Computes of before would leave the server as it is.
    flavor.extra_specs['trait:' + flavors.MOVE_TRAIT] = 'required'
    return flavor


def return_after(instance, request, now):
    """Return how a server goes back after an adjustment for a limited time.

    If it is to go back already, it still goes back to where that leads, so
    that the time can be extended.

    :returns: A Return, or None if there is nothing to go back from
    :raises: ServerAdjustTimedShrink if the server would have to grow then
    """
    if request.for_seconds is None:
        return None
    pending = get_pending(instance).returning
    now_has = server.size(instance)
    size, start = ((pending.size, pending.start) if pending else
                   (now_has, server.start_size(instance)))
    if any(new is not None and new < old
           for new, old in zip(request.size, size)):
        raise exception.ServerAdjustTimedShrink()
    if not pending and all(new in (None, old) for new, old in zip(
            request.size, now_has)):
        return None
    return Return(
        int(now) + request.for_seconds, size, start, instance.flavor.id)


def sizes_after_return(instance, returning):
    """Return what a server has after it went back.

    None of that is more than it has: what it has given back in the meantime
    is not claimed again.

    :returns: Its size and its start size
    """
    size, start = (
        flavors.Size(*map(min, before, now)) for before, now in (
            (returning.size, server.size(instance)),
            (returning.start, server.start_size(instance))))
    return flavors.elementwise_max(size, start), start
