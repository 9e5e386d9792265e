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

"""What is to be done to an elastic server later."""

import ddt

from nova.compute import task_states
from nova import elastic
from nova import exception
from nova import test
from nova.tests.unit.elastic import fakes

NOW = 1000.9
MINIMUM = elastic.Size(1, 1024)


def _request(vcpus, memory_mb, for_seconds=60):
    return elastic.Request(
        elastic.Size(vcpus, memory_mb), for_seconds=for_seconds)


@ddt.ddt
class TestReturn(test.NoDBTestCase):

    @ddt.data(
        # A size and a start size, what is requested, and to which size and
        # start size the server goes back.
        ((1, 1024), None, (4, 4096), (1, 1024), (1, 1024)),
        ((1, 1024), None, (4, None), (1, 1024), (1, 1024)),
        ((2, 2048), (1, 1024), (2, 4096), (2, 2048), (1, 1024)),
    )
    @ddt.unpack
    def test_after(self, size, start, requested, back, back_start):
        instance = fakes.instance(size, start)
        returning = elastic.return_after(instance, _request(*requested), NOW)
        self.assertEqual(
            elastic.Return(1060, elastic.Size(*back),
                           elastic.Size(*back_start), 1), returning)

    def test_no_time(self):
        self.assertIsNone(elastic.return_after(
            fakes.instance((1, 1024)), _request(4, None, None), NOW))

    @ddt.data((2, 2048), (None, 2048), (2, None))
    def test_nothing_to_go_back_from(self, requested):
        self.assertIsNone(elastic.return_after(
            fakes.instance((2, 2048)), _request(*requested), NOW))

    @ddt.data((1, 4096), (4, 1024), (1, None))
    def test_shrink(self, requested):
        """A return never needs capacity, so it is never a growth."""
        self.assertRaises(
            exception.ServerAdjustTimedShrink, elastic.return_after,
            fakes.instance((2, 2048)), _request(*requested), NOW)

    @ddt.data((4, 4096), (2, 1024), (3, 3072))
    def test_extended(self, requested):
        """Another limited time leads back to the same size."""
        instance = fakes.instance((1, 1024))
        first = elastic.return_after(instance, _request(3, 3072), NOW)
        elastic.set_pending(instance, elastic.Pending(first))
        elastic.set_size(instance, elastic.Size(3, 3072))
        self.assertEqual(
            first._replace(at=1360), elastic.return_after(
                instance, _request(*requested), NOW + 300))

    def test_recorded(self):
        """It survives in the system metadata, for this flavor alone."""
        instance = fakes.instance((1, 1024))
        self.assertEqual(elastic.Pending(), elastic.get_pending(instance))
        returning = elastic.return_after(instance, _request(3, 3072), NOW)
        elastic.set_pending(instance, elastic.Pending(returning))
        recorded = fakes.instance((3, 3072), **instance.system_metadata)
        self.assertEqual(returning, elastic.get_pending(recorded).returning)
        for value in recorded.system_metadata.values():
            self.assertLessEqual(len(value), 255)

        recorded.flavor.id = 2
        self.assertIsNone(elastic.get_pending(recorded).returning)
        elastic.forget_size(recorded)
        recorded.flavor.id = 1
        self.assertIsNone(elastic.get_pending(recorded).returning)

    def test_forgotten(self):
        instance = fakes.instance((1, 1024))
        elastic.set_pending(instance, elastic.Pending(
            elastic.return_after(instance, _request(3, 3072), NOW)))
        elastic.set_pending(instance, elastic.Pending())
        self.assertEqual({}, instance.system_metadata)

    @ddt.data(
        # What the server has and starts with, and what of it remains.
        ((4, 4096), None, (2, 2048), (1, 1024)),
        ((4, 4096), (1, 1024), (2, 2048), (1, 1024)),
        # It has given back more in the meantime.
        ((1, 4096), None, (1, 2048), (1, 1024)),
        ((1, 1024), None, (1, 1024), (1, 1024)),
    )
    @ddt.unpack
    def test_sizes(self, size, start, back, back_start):
        """A server has then what it had before, and never more than now."""
        instance = fakes.instance(size, start)
        back = elastic.Size(*back)
        self.assertEqual(
            (back, elastic.Size(*back_start)),
            elastic.sizes_after_return(instance, elastic.Return(
                0, elastic.Size(2, 2048), MINIMUM, 1)))


@ddt.ddt
class TestWaiting(test.NoDBTestCase):

    @ddt.data(
        (elastic.Size(3, None), True, False, None, 'xloud_adjust'),
        (elastic.Size(3, 3072), False, True, 60, 'hotplug_vcpus'),
        (elastic.Size(2 ** 31 - 1, 2 ** 31 - 1), False, False,
         31 * 24 * 3600, 'hotplug_vcpus'),
    )
    def test_recorded(self, request):
        """All of the request survives, in what the database has room for."""
        size, persist, force, for_seconds, action = request
        waiting = elastic.Waiting(
            size, persist, force, for_seconds, action,
            'req-01234567-89ab-cdef-0123-456789abcdef', 1767323045.123,
            1767326645, 1)
        instance = fakes.instance((1, 1024))
        elastic.set_pending(instance, elastic.Pending(waiting=waiting))
        recorded = fakes.instance((1, 1024), **instance.system_metadata)
        self.assertEqual(waiting, elastic.get_pending(recorded).waiting)
        self.assertEqual(
            elastic.Request(size, persist, force, for_seconds, 'wait'),
            waiting.request)
        value, = recorded.system_metadata.values()
        self.assertLessEqual(len(value), 255)

    @ddt.data(({}, None, 0), ({'xloud:when_full': 'wait'}, 'wait', 0),
              ({'xloud:when_full': 'move'}, 'move', 0),
              ({'xloud:when_full': 'later', 'xloud:priority': 'x'}, None, 0),
              ({'xloud:when_full': 'refuse', 'xloud:priority': '7'},
               'refuse', 7))
    @ddt.unpack
    def test_of_flavor(self, specs, when_full, priority):
        flavor = fakes.flavor(specs)
        self.assertEqual(when_full, elastic.when_full(flavor))
        self.assertEqual(priority, elastic.priority(flavor))


@ddt.ddt
class TestMoving(test.NoDBTestCase):

    def _moving(self, size, persist=True, source='host1'):
        return elastic.Moving(
            size, persist, False, 31 * 24 * 3600, 'hotplug_vcpus',
            'req-01234567-89ab-cdef-0123-456789abcdef', 1767323045.123,
            source, '01234567-89ab-cdef-0123-456789abcdef', 1)

    def test_recorded(self):
        """It survives in what the database has room for, and is forgotten."""
        moving = self._moving(
            elastic.Size(2 ** 31 - 1, 2 ** 31 - 1), False, 'h' * 255)
        instance = fakes.instance((1, 1024))
        elastic.set_pending(instance, elastic.Pending(moving=moving))
        recorded = fakes.instance((1, 1024), **instance.system_metadata)
        self.assertEqual(moving, elastic.get_pending(recorded).moving)
        self.assertEqual(
            elastic.Request(moving.size, False, False, 31 * 24 * 3600),
            moving.request)
        for value in recorded.system_metadata.values():
            self.assertLessEqual(len(value), 255)
        elastic.set_pending(instance, elastic.Pending())
        self.assertEqual({}, instance.system_metadata)

    @ddt.data(
        # What a server has, what is requested, and what it is claimed.
        ((1, 1024), (3, 3072), (3, 3072)),
        ((2, 2048), (3, None), (3, 2048)),
        # What it gives back it has until it has grown.
        ((2, 2048), (3, 1024), (3, 2048)),
    )
    @ddt.unpack
    def test_size_at_destination(self, size, requested, claimed):
        instance = fakes.instance(size)
        self.assertEqual(
            elastic.Size(*size), elastic.size_at_destination(instance))
        self.assertEqual(
            elastic.Size(*size), elastic.size_in_move(instance, 'host2'))
        self.assertEqual(
            elastic.size(instance),
            elastic.minimum(elastic.destination_flavor(instance)))
        elastic.set_pending(instance, elastic.Pending(
            moving=self._moving(elastic.Size(*requested))))
        self.assertEqual(
            elastic.Size(*claimed), elastic.size_at_destination(instance))
        self.assertEqual(
            [elastic.Size(*size), elastic.Size(*claimed)],
            [elastic.size_in_move(instance, host)
             for host in ('host1', 'host2')])
        # Something else moves it, for what it has.
        self.assertEqual(
            elastic.size(instance),
            elastic.minimum(elastic.destination_flavor(instance)))
        instance.task_state = task_states.MIGRATING
        flavor = elastic.destination_flavor(instance)
        self.assertEqual(elastic.Size(*claimed), elastic.minimum(flavor))
        self.assertEqual(
            'required', flavor.extra_specs['trait:' + elastic.MOVE_TRAIT])

    def test_stale(self):
        """What a resize to another flavor ends is said, to end its action."""
        instance = fakes.instance((1, 1024))
        moving = self._moving(elastic.Size(2, None))
        waiting = elastic.Waiting(*moving[:7], 1767326645, 1)
        pending = elastic.Pending(waiting=waiting, moving=moving)
        elastic.set_pending(instance, pending)
        self.assertEqual([], elastic.forget_size(instance))
        self.assertEqual(pending, elastic.get_pending(instance))
        instance.flavor = fakes.flavor({}, id=2)
        self.assertEqual([waiting, moving], elastic.forget_size(instance))
        self.assertEqual({}, instance.system_metadata)

    def test_continued(self):
        """What continues a request is found by that, whichever it is."""
        moving = self._moving(elastic.Size(2, None))
        pending = elastic.Pending(moving=moving)
        self.assertEqual(moving, pending.get_continued(moving.request_id))
        self.assertIsNone(pending.get_continued('req-other'))
