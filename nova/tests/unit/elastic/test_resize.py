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

"""What a resize remembers of the size of a server."""

import ddt

from nova import elastic
from nova import test
from nova.tests.unit.elastic import fakes


@ddt.ddt
class TestResize(test.NoDBTestCase):
    """From the old flavor to another one, and either stay or go back."""

    SIZE = elastic.Size(3, 2048)
    START = elastic.Size(2, 1024)

    def _resized(self, start, specs=None, new_specs=None):
        instance = fakes.instance(specs=specs)
        elastic.set_size(instance, self.SIZE, start)
        instance.old_flavor = instance.flavor
        instance.task_state = 'resize_migrating'
        elastic.remember_size(instance)
        instance.flavor = fakes.flavor(
            fakes.BOTH if new_specs is None else new_specs, id=2, vcpus=8)
        elastic.set_initial_size(instance)
        instance.vm_state, instance.task_state = 'resized', None
        return instance

    @ddt.data(None, START)
    def test_confirm(self, start):
        instance = self._resized(start)
        self.assertEqual((1, 1024), elastic.size(instance))
        self.assertEqual((1, 1024), elastic.start_size(instance))
        self.assertEqual(self.SIZE, elastic.old_size(instance))
        instance.old_flavor = None
        elastic.forget_size(instance)
        self.assertEqual({}, instance.system_metadata)

    @ddt.data(None, START)
    def test_revert(self, start):
        """The guest is defined with its size; then its start size is back."""
        instance = self._resized(start)
        instance.flavor = instance.old_flavor
        elastic.set_initial_size(instance)
        self.assertEqual(self.SIZE, elastic.size(instance))
        self.assertEqual(self.SIZE, elastic.start_size(instance))
        instance.old_flavor = None
        elastic.forget_size(instance)
        self.assertEqual(self.SIZE, elastic.size(instance))
        self.assertEqual(start or self.SIZE, elastic.start_size(instance))
        self.assertEqual(2 if start else 0, len(instance.system_metadata))

    def test_revert_to_a_host_with_stock_nova(self):
        """There the server had all of its flavor, and nothing was kept."""
        instance = fakes.instance()
        instance.old_flavor = instance.flavor
        instance.flavor = fakes.flavor(fakes.BOTH, id=2, vcpus=8)
        elastic.set_initial_size(instance)
        self.assertEqual((1, 1024), elastic.size(instance))
        instance.flavor = instance.old_flavor
        elastic.set_initial_size(instance)
        self.assertEqual((4, 4096), elastic.size(instance))

    def test_plain_flavors(self):
        """Nothing is remembered of a server that was not elastic."""
        instance = self._resized(None, specs={}, new_specs={})
        self.assertEqual({}, instance.system_metadata)
        self.assertIsNone(elastic.old_size(instance))
        self.assertEqual((8, 4096), (instance.vcpus, instance.memory_mb))
        instance.flavor = instance.old_flavor
        elastic.set_initial_size(instance)
        self.assertEqual((4, 4096), (instance.vcpus, instance.memory_mb))

    def test_remembered_by_mistake(self):
        """What a failed resize has left behind is not what a server had."""
        instance = self._resized(self.START)
        instance.old_flavor = None
        self.assertIsNone(elastic.old_size(instance))
        instance.flavor = fakes.flavor(fakes.BOTH)
        elastic.remember_size(instance)
        self.assertNotIn('xloud_old_start_vcpus', instance.system_metadata)

    def test_failed(self):
        """A server that Nova took back the new flavor of is in no resize."""
        instance = self._resized(self.START)
        instance.vm_state, instance.task_state = 'active', 'resize_finish'
        instance.flavor = instance.old_flavor
        elastic.set_initial_size(instance)
        self.assertEqual(self.SIZE, elastic.size(instance))
        elastic.remember_size(instance)
        instance.vm_state, instance.task_state = 'error', None
        self.assertIsNone(elastic.old_size(instance))

        # And the next resize knows nothing of this one.
        instance.vm_state, instance.task_state = 'active', 'resize_migrating'
        elastic.set_size(instance, elastic.Size(4, 2048))
        elastic.remember_size(instance)
        self.assertEqual((4, 2048), elastic.old_size(instance))
        self.assertEqual((4, 2048), elastic.start_size(instance))

    def test_start_size_of_a_failed_one(self):
        """What was kept of it is not taken for a start size later."""
        instance = self._resized(self.START)
        instance.vm_state, instance.task_state = 'active', 'resize_finish'
        instance.flavor = instance.old_flavor
        elastic.set_initial_size(instance)
        instance.old_flavor = instance.flavor
        elastic.remember_size(instance)
        self.assertEqual(self.SIZE, elastic.start_size(instance))
