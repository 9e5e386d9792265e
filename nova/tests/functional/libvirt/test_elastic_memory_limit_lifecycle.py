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

"""The life of elastic servers on hosts that limit what guests can have."""

from nova import elastic
from nova.tests.functional.libvirt import elastic_base
from nova.tests.functional.libvirt import test_elastic_lifecycle
from nova.tests.functional.libvirt import test_elastic_memory_limit
from nova.tests.functional.libvirt import test_elastic_moves


class LimitLifecycleMixin(test_elastic_memory_limit.MemoryLimitMixin):

    def assertSize(self, server, size, host='host1', start=None, **kwargs):
        """A server with this size is limited to it, and was not killed."""
        super().assertSize(server, size, host=host, start=start, **kwargs)
        self.assertNotKilled(server, host)
        before = self._limits(server, host)
        for allowed in filter(None, before):
            self.assertGreaterEqual(
                allowed,
                size.memory_mb + test_elastic_memory_limit.OVERHEAD)
        instance = self._instance(server)
        if 'memory_mb' not in elastic.elastic_resources(instance.flavor):
            self.assertEqual((None, None), before)
            return
        self._reconcile()
        if instance.vm_state != 'rescued':
            self.assertLimited(server, size, host)


class LimitLifecycleTest(
        LimitLifecycleMixin, test_elastic_lifecycle.ElasticLifecycleTest):
    """The limit through each event of the life of a guest with a balloon."""


class LimitMovesTest(LimitLifecycleMixin, test_elastic_moves.ElasticMovesTest):
    """The limit when a guest gets another flavor or another host."""


class VirtioMemLimitLifecycleTest(
        LimitLifecycleMixin, elastic_base.VirtioMemMixin,
        test_elastic_lifecycle.ElasticLifecycleTest):
    """The same with virtio-mem."""


class VirtioMemLimitMovesTest(
        LimitLifecycleMixin, elastic_base.VirtioMemMixin,
        test_elastic_moves.ElasticMovesTest):
    """The same with virtio-mem."""
