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


"""Which servers leave a host so that another one can grow on it."""

import random

import ddt

from nova import elastic
from nova import objects
from nova import test

Size = elastic.Size


@ddt.ddt
class ChooseNeighboursTest(test.NoDBTestCase):

    HOSTS = {'b': Size(4, 4096), 'c': Size(2, 8192)}

    def _choose(self, shortage, sizes, most=2, hosts=None):
        hosts = hosts or self.HOSTS
        self.calls = []

        def find_hosts(uuid):
            self.calls.append(uuid)
            return hosts

        return elastic.choose_neighbours(shortage, sizes, find_hosts, most)

    @ddt.data(
        # The smallest of those of which one will do.
        (Size(2, 0), {'x': Size(4, 512), 'y': Size(2, 256)}, [('y', 'c')]),
        # Its memory is what counts.
        (Size(2, 0), {'x': Size(4, 256), 'y': Size(2, 512)}, [('x', 'b')]),
        # One that is large rather than two that are small.
        (Size(3, 0), {'x': Size(2, 256), 'y': Size(2, 256),
                      'z': Size(4, 2048)}, [('z', 'b')]),
        # Both resources count.
        (Size(1, 1024), {'x': Size(4, 512), 'y': Size(1, 1024)},
         [('y', 'c')]),
        (Size(2, 2048), {'x': Size(1, 1024), 'y': Size(1, 1024)},
         [('x', 'c'), ('y', 'c')]),
        # One that does not fit elsewhere is passed over.
        (Size(2, 0), {'x': Size(5, 256), 'y': Size(4, 512)}, [('y', 'b')]),
        # Nobody.
        (Size(6, 0), {'x': Size(3, 256), 'y': Size(3, 256)}, []),
        (Size(5, 0), {'x': Size(3, 256), 'y': Size(1, 256)}, []),
        (Size(1, 0), {}, []),
    )
    @ddt.unpack
    def test_choose(self, shortage, sizes, expected):
        self.assertEqual(expected, sorted(self._choose(shortage, sizes)))

    def test_most(self):
        sizes = {uuid: Size(1, 256) for uuid in 'xyz'}
        self.assertEqual([], self._choose(Size(3, 0), sizes, most=2))
        self.assertEqual(3, len(self._choose(Size(3, 0), sizes, most=3)))
        self.assertEqual([], self._choose(Size(1, 0), sizes, most=0))

    def test_looks_at_few(self):
        """Each server is looked at once, and only those that will do."""
        sizes = {'%02d' % number: Size(1, 256) for number in range(60)}
        sizes['large'] = Size(2, 512)
        self.assertEqual(
            [], self._choose(Size(2, 0), sizes, hosts={'b': Size(0, 0)}))
        self.assertLess(len(self.calls), 20)
        self.assertEqual(len(set(self.calls)), len(self.calls))

    def test_random(self):
        """Nobody is sent where there is no room, and enough is released."""
        chance = random.Random(1)
        for _turn in range(300):
            sizes = {str(number): Size(chance.randint(1, 4),
                                       256 * chance.randint(1, 4))
                     for number in range(chance.randint(1, 8))}
            hosts = {host: Size(chance.randint(0, 6),
                                256 * chance.randint(0, 6))
                     for host in 'bcd'}
            shortage = Size(chance.randint(0, 6), 256 * chance.randint(0, 6))
            chosen = self._choose(shortage, sizes, 3, hosts)
            self.assertLessEqual(len(chosen), 3)
            if not chosen:
                continue
            for field in range(2):
                self.assertLessEqual(
                    shortage[field], sum(sizes[uuid][field]
                                         for uuid, _host in chosen))
                for host, room in hosts.items():
                    self.assertLessEqual(
                        sum(sizes[uuid][field] for uuid, place in chosen
                            if place == host), room[field])

    def test_large_among_many(self):
        """Those that would do are found among many that would not."""
        sizes = {'%04d' % number: Size(1, 256) for number in range(1000)}
        sizes.update((name, Size(8, 2048)) for name in 'xyz')
        self.assertEqual(
            ['x', 'y', 'z'],
            [uuid for uuid, _host in sorted(self._choose(
                Size(24, 0), sizes, 3, {'b': Size(24, 8192)}))])

    @ddt.data((None, True), ('true', True), ('false', False), ('no', False),
              ('bird', True))
    @ddt.unpack
    def test_is_movable(self, value, expected):
        flavor = objects.Flavor(
            extra_specs={} if value is None else {'xloud:movable': value})
        self.assertEqual(expected, elastic.is_movable(flavor))
