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

"""The sizes of a server over time, as tables."""

import datetime

import ddt

from nova import elastic
from nova import objects
from nova import test

SMALL, MIDDLE, BIG = (elastic.Size(count, count * 1024) for count in (1, 2, 4))


def _at(seconds):
    return None if seconds is None else datetime.datetime(
        2024, 2, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(
            seconds=seconds)


def _change(at, size, old_size=None, launched_at=None):
    return elastic.Change(_at(at), size, old_size, _at(launched_at))


LAUNCH = _change(0, SMALL)


@ddt.ddt
class TestPeriods(test.NoDBTestCase):

    def _periods(self, changes, size, launched_at, begin, end):
        return [
            ((period.start - _at(0)).total_seconds(),
             (period.end - _at(0)).total_seconds(), period.size)
            for period in elastic.periods(
                changes, size, _at(launched_at), _at(begin), _at(end))]

    @ddt.data(
        # Nothing is recorded: the size it has is the one it always had.
        ([], SMALL, 0, None, 10, [(0, 10, SMALL)]),
        ([], SMALL, 0, 4, 10, [(4, 10, SMALL)]),
        ([], SMALL, 20, 4, 10, []),
        ([], SMALL, None, None, 10, []),
        # It is recorded since its launch.
        ([LAUNCH], SMALL, 0, None, 10, [(0, 10, SMALL)]),
        ([LAUNCH, _change(3, BIG, SMALL, 0)], BIG, 0, None, 10,
         [(0, 3, SMALL), (3, 10, BIG)]),
        ([LAUNCH, _change(3, BIG, SMALL, 0), _change(7, MIDDLE, BIG, 0)],
         MIDDLE, 0, None, 10,
         [(0, 3, SMALL), (3, 7, BIG), (7, 10, MIDDLE)]),
        # It was there before anything was recorded.
        ([_change(3, MIDDLE, BIG, -100)], MIDDLE, -100, None, 10,
         [(-100, 3, BIG), (3, 10, MIDDLE)]),
        # What was before the first change in question is in that change.
        ([_change(7, MIDDLE, BIG, 0)], MIDDLE, 0, 5, 10,
         [(5, 7, BIG), (7, 10, MIDDLE)]),
        # An earlier change is of no consequence.
        ([_change(3, BIG, SMALL, 0), _change(7, MIDDLE, BIG, 0)],
         MIDDLE, 0, 5, 10, [(5, 7, BIG), (7, 10, MIDDLE)]),
        ([_change(3, BIG, SMALL, 0)], BIG, 0, 5, 10, [(5, 10, BIG)]),
        # Later ones say what it had before.
        ([_change(12, MIDDLE, BIG, 0)], MIDDLE, 0, 5, 10, [(5, 10, BIG)]),
        ([_change(10, MIDDLE, BIG, 0)], MIDDLE, 0, 5, 10, [(5, 10, BIG)]),
        ([_change(12, SMALL)], SMALL, 12, 5, 10, []),
        # A launch again is not the beginning.
        ([LAUNCH, _change(6, SMALL, SMALL, 0)], SMALL, 6, None, 10,
         [(0, 10, SMALL)]),
        ([_change(6, SMALL, SMALL, 0)], SMALL, 6, 5, 10, [(5, 10, SMALL)]),
        # Changes of one moment: the last one counts.
        ([LAUNCH, _change(3, BIG, SMALL, 0), _change(3, MIDDLE, BIG, 0)],
         MIDDLE, 0, None, 10, [(0, 3, SMALL), (3, 10, MIDDLE)]),
        ([LAUNCH, _change(3, BIG, SMALL, 0), _change(3, SMALL, BIG, 0)],
         SMALL, 0, None, 10, [(0, 10, SMALL)]),
        ([LAUNCH, _change(0, BIG, SMALL, 0)], BIG, 0, None, 10,
         [(0, 10, BIG)]),
        # A clock that is behind makes no overlap.
        ([LAUNCH, _change(5, BIG, SMALL, 0), _change(4, MIDDLE, BIG, 0),
          _change(8, SMALL, MIDDLE, 0)], SMALL, 0, None, 10,
         [(0, 5, SMALL), (5, 8, MIDDLE), (8, 10, SMALL)]),
        # It became a plain server at 5 and, which is not recorded, another
        # one at 8, with a launch as each resize has one.
        ([LAUNCH, _change(5, MIDDLE, SMALL, 0)], BIG, 8, None, 10,
         [(0, 5, SMALL), (5, 8, MIDDLE), (8, 10, BIG)]),
        # So it did, and became elastic again at 9.
        ([LAUNCH, _change(5, MIDDLE, SMALL, 0), _change(9, SMALL, BIG, 8)],
         SMALL, 9, None, 10,
         [(0, 5, SMALL), (5, 8, MIDDLE), (8, 9, BIG), (9, 10, SMALL)]),
        ([_change(5, MIDDLE, SMALL, 0), _change(9, SMALL, BIG, 8)],
         SMALL, 9, 6, 10, [(6, 8, MIDDLE), (8, 9, BIG), (9, 10, SMALL)]),
        # More changes follow that nobody has read yet.
        ([LAUNCH, _change(3, BIG, SMALL, 0)], None, 0, None, 7,
         [(0, 3, SMALL), (3, 7, BIG)]),
        # Nothing is left of it in a period of no length.
        ([LAUNCH], SMALL, 0, 10, 10, []),
    )
    @ddt.unpack
    def test_periods(self, changes, size, launched_at, begin, end, expected):
        """Each begins where the one before it ends."""
        self.assertEqual(
            expected, self._periods(changes, size, launched_at, begin, end))

    def test_parts_make_the_whole(self):
        """Wherever a time is cut in two, both parts have what it has."""
        changes = [LAUNCH] + [
            _change(at, size, old, 0) for at, size, old in (
                (2, BIG, SMALL), (3, MIDDLE, BIG), (3, BIG, MIDDLE),
                (7, SMALL, BIG))]
        whole = elastic.usage(elastic.periods(
            changes, SMALL, _at(0), None, _at(9)))
        for cut in range(1, 9):
            parts = [
                elastic.usage(elastic.periods(
                    [change for change in changes
                     if begin is None or change.at >= _at(begin)],
                    SMALL, _at(0), _at(begin), _at(end)))
                for begin, end in ((None, cut), (cut, 9))]
            self.assertEqual(whole, elastic.Usage(*map(sum, zip(*parts))))

    def test_change(self):
        """A period knows the change that it begins with."""
        grown = _change(3, BIG, SMALL, 0)
        self.assertEqual(
            [LAUNCH, grown],
            [period.change for period in elastic.periods(
                [LAUNCH, grown], BIG, _at(0), None, _at(10))])
        self.assertEqual(
            [None, grown],
            [period.change for period in elastic.periods(
                [grown], BIG, _at(0), None, _at(10))])
        self.assertEqual(
            [grown],
            [period.change for period in elastic.periods(
                [grown], BIG, _at(0), _at(5), _at(10))])


@ddt.ddt
class TestBreaks(test.NoDBTestCase):

    @ddt.data(
        ([], SMALL, 0, []),
        ([LAUNCH], SMALL, 0, []),
        ([LAUNCH, _change(3, BIG, SMALL, 0), _change(7, MIDDLE, BIG, 0)],
         MIDDLE, 0, []),
        # What was before anything was recorded is in the first change.
        ([_change(3, MIDDLE, BIG, -100)], MIDDLE, -100, []),
        # It is launched again with the size it has.
        ([LAUNCH, _change(6, SMALL, SMALL, 0), _change(7, BIG, SMALL, 6)],
         BIG, 6, []),
        # A change is missing.
        ([LAUNCH, _change(7, MIDDLE, BIG, 0)], MIDDLE, 0,
         [(0, SMALL, 7, BIG)]),
        ([LAUNCH, _change(7, MIDDLE, BIG, 0), _change(9, BIG, SMALL, 0)],
         BIG, 0, [(0, SMALL, 7, BIG), (7, MIDDLE, 9, SMALL)]),
        ([LAUNCH], BIG, 0, [(0, SMALL, None, BIG)]),
        ([LAUNCH], BIG, None, [(0, SMALL, None, BIG)]),
        # One is twice there, and a launch is in the midst.
        ([LAUNCH, _change(3, BIG, SMALL, 0), _change(3, BIG, SMALL, 0)],
         BIG, 0, [(3, BIG, 3, SMALL)]),
        ([LAUNCH, _change(3, SMALL)], SMALL, 0,
         [(0, SMALL, 3, elastic.Size(0, 0))]),
        # The clock of the second change was behind.
        ([LAUNCH, _change(4, MIDDLE, BIG, 0), _change(5, BIG, SMALL, 0)],
         MIDDLE, 0, [(0, SMALL, 4, BIG), (4, MIDDLE, 5, SMALL),
                     (5, BIG, None, MIDDLE)]),
        # It was plain for a while, and launched with each flavor.
        ([LAUNCH, _change(5, MIDDLE, SMALL, 0), _change(9, SMALL, BIG, 8)],
         SMALL, 9, []),
        ([LAUNCH, _change(5, MIDDLE, SMALL, 0)], BIG, 8, []),
        ([LAUNCH, _change(5, MIDDLE, SMALL, 0)], BIG, 5,
         [(5, MIDDLE, None, BIG)]),
    )
    @ddt.unpack
    def test_breaks(self, changes, size, launched_at, expected):
        """Each change begins with what the one before it ended with."""
        self.assertEqual(
            [(_at(start), before, _at(end), after)
             for start, before, end, after in expected],
            list(elastic.breaks(changes, size, _at(launched_at))))


class TestUsage(test.NoDBTestCase):

    def test_month(self):
        """What was had for a day counts as a day."""
        day = 24 * 60 * 60
        changes = [LAUNCH, _change(1, BIG, SMALL, 0),
                   _change(29 * day + 1, SMALL, BIG, 0)]
        usage = elastic.usage(elastic.periods(
            changes, SMALL, _at(0), _at(1), _at(30 * day + 1)))
        self.assertEqual(
            (30 * day, (29 * 4 + 1) * day, (29 * 4 + 1) * 1024 * day), usage)

    def test_nothing(self):
        self.assertEqual((0, 0, 0), elastic.usage([]))


@ddt.ddt
class TestRecords(test.NoDBTestCase):

    CHANGE = elastic.Change(
        _at(0.25), BIG, SMALL, _at(-5), 'adjustment', 'req-1', 'someone')

    @ddt.data(
        ('xloud_adjust', 'req-1', {}),
        ('hotplug_vcpus', 'req-1', {}),
        ('resize', 'req-1', {'cause': 'resize'}),
        # Its action is of another request: the last one before it.
        ('resize', 'req-0', {'cause': 'drift', 'user_id': None}),
    )
    @ddt.unpack
    def test_read_back(self, action, request_id, expected):
        """A change is read as it was recorded, with the cause it had."""
        self.assertEqual(
            self.CHANGE._replace(**expected),
            elastic.load_change(elastic.dump_change(self.CHANGE), action,
                                request_id, 'someone'))

    def test_first_launch(self):
        """Before its first launch a server had nothing."""
        change = self.CHANGE._replace(launched_at=None)
        self.assertEqual(
            change._replace(old_size=None),
            elastic.load_change(elastic.dump_change(change), 'xloud_adjust',
                                'req-1', 'someone'))

    @ddt.data(
        (['vcpus'], True, None, True),
        (['memory_mb', 'host'], True, None, True),
        (['launched_at'], True, None, True),
        (['task_state'], True, None, False),
        ([], True, None, False),
        (['vcpus'], False, None, False),
        (['vcpus'], False, True, True),
        (['vcpus'], True, False, True),
    )
    @ddt.unpack
    def test_is_recorded(self, updates, elastic_now, elastic_before,
                         expected):
        """What a server that is or was elastic has, and its launches."""
        flavors = {
            is_elastic: objects.Flavor(
                vcpus=4, memory_mb=4096, extra_specs={
                    'minimum_cpu': '1'} if is_elastic else {})
            for is_elastic in (True, False)}
        instance = objects.Instance(
            flavor=flavors[elastic_now], new_flavor=None,
            old_flavor=flavors.get(elastic_before))
        self.assertEqual(
            expected, elastic.is_recorded(instance, dict.fromkeys(updates)))

    def test_flavor_is_not_loaded(self):
        """Nobody changes the size of a server without its flavor."""
        self.assertFalse(elastic.is_recorded(
            objects.Instance(), {'launched_at': None}))
