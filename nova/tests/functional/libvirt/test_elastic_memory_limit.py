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

"""What the host lets the processes of guests have, when it is to limit them.

Fake libvirt counts how often a guest had more than its limit: its host would
have killed it.
"""

from unittest import mock

import ddt
from lxml import etree

from nova import elastic
from nova import exception
from nova import objects
from nova import test
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional.libvirt import elastic_base
from nova.virt.libvirt.elastic import limit

OVERHEAD = 512
MiB = 1024


class MemoryLimitMixin:
    """Hosts that limit what their guests can have."""

    def setUp(self):
        super().setUp()
        self.flags(memory_limit_overhead=OVERHEAD, group='xloud')

    def _limits(self, server, host='host1'):
        """Return the limits of a guest now and at its next start, in MiB."""
        domain = self._domain(server, host)
        values = [
            etree.fromstring(domain.XMLDesc(flags)).findtext(
                './memtune/hard_limit')
            for flags in (0, fakelibvirt.VIR_DOMAIN_XML_INACTIVE)]
        return tuple(value and int(value) // MiB for value in values)

    def assertLimited(self, server, size, host='host1'):
        allowed = size.memory_mb + OVERHEAD
        self.assertEqual((allowed, allowed), self._limits(server, host))

    def assertNotKilled(self, server, host='host1'):
        self.assertEqual(0, self._domain(server, host).size.guest.kills)


@ddt.ddt
class MemoryLimitTest(MemoryLimitMixin, elastic_base.ElasticServersTestBase):

    def setUp(self):
        super().setUp()
        self.server = self._boot()
        self.domain = self._domain(self.server)
        self.guest = self.domain.size.guest

    def _set_limit(self, memory_mb):
        self._guest(self.server).set_memory_limit(
            memory_mb and memory_mb * MiB)

    def _record_limits(self):
        """Return a list of what a guest has whenever its limit is set."""
        changes = []

        def record(method, size, value, live, **kwargs):
            if live:
                changes.append(
                    (value // MiB, size.live.current_memory // MiB))
            return method(size, value, live=live, **kwargs)

        self._patch(type(self.domain.size), 'set_memory_limit', record)
        return changes

    def test_adjust(self):
        """Raised before the guest grows, lowered after it has shrunk."""
        self.assertLimited(self.server, MINIMUM)
        changes = self._record_limits()
        self._adjust(self.server, MAXIMUM)
        self.assertLimited(self.server, MAXIMUM)
        self._adjust(self.server, START)
        self.assertLimited(self.server, START)
        self.assertEqual([
            (MAXIMUM.memory_mb + OVERHEAD, MINIMUM.memory_mb),
            (START.memory_mb + OVERHEAD, START.memory_mb)], changes)
        self.assertNotKilled(self.server)

    def test_adjust_vcpus(self):
        """The memory of the guest is no other, nor is its limit."""
        changes = self._record_limits()
        self._adjust(self.server, MINIMUM._replace(vcpus=3))
        self.assertEqual([], changes)

    def test_until_restart(self):
        """What the server comes back with may be more than it has."""
        self._set_size(self.server, START, start=GROWN)
        self.assertEqual(START, self._live(self.server))
        self.assertLimited(self.server, GROWN)

    def test_shrink_fails(self):
        """A guest that gives nothing back keeps its limit."""
        self._adjust(self.server, GROWN)
        self.flags(memory_timeout=1, group='xloud')
        self.guest.balloons = False
        self._adjust(self.server, START)
        self.assertLimited(self.server, GROWN)
        self.assertNotKilled(self.server)

    def test_growth_fails(self):
        """A guest that does not grow is limited as before."""
        self.flags(memory_timeout=1, group='xloud')
        self.guest.balloons = False
        self._adjust(self.server, GROWN)
        self._reconcile()
        self.assertLimited(self.server, MINIMUM)

    def test_limit_cannot_be_raised(self):
        """Then the guest does not grow, since that would kill it."""
        self.domain.size.has_memory_cgroup = False
        self._adjust(self.server, GROWN)
        self.assertEqual(
            'xloud.hypervisor_error: The hypervisor refused the adjustment. '
            'See the log of nova-compute.', self._last_adjust(self.server)[2])
        self.assertSize(self.server, MINIMUM)
        self.assertLimited(self.server, MINIMUM)
        self.assertNotKilled(self.server)

    def test_limit_cannot_be_lowered(self):
        """The guest has shrunk nevertheless, and is limited later."""
        self._adjust(self.server, GROWN)
        self._break(type(self.domain), 'setMemoryParameters',
                    fakelibvirt.libvirtError('busy'), times=1)
        self._adjust(self.server, START)
        self.assertSize(self.server, START)
        self.assertLimited(self.server, GROWN)
        self._reconcile()
        self.assertLimited(self.server, START)

    def test_process_has_more(self):
        """A limit is not lowered to what would kill the guest at once.

        This one reports what it has given back, and has not done so.
        """
        self._adjust(self.server, GROWN)
        self.guest.rss = GROWN.memory_mb * MiB
        self._adjust(self.server, MINIMUM)
        self._reconcile()
        self.assertLimited(self.server, GROWN)
        self.assertNotKilled(self.server)
        # It is accounted for that when it was seen twice.
        self._reconcile()
        size = elastic.size(self._instance(self.server))
        self.assertEqual(GROWN.memory_mb - 256, size.memory_mb)
        self.assertLimited(self.server, size)
        self.assertNotKilled(self.server)
        self.guest.rss = None
        for _look in range(2):
            self._reconcile()
        self.assertLimited(self.server, MINIMUM)

    def test_growth_by_itself(self):
        """A guest is limited to what it is accounted for, once it is."""
        self._set_limit(None)
        self._set_live_memory(self._guest(self.server), GROWN.memory_mb)
        for _look in range(2):
            self._reconcile()
        self.assertLimited(self.server, MINIMUM._replace(
            memory_mb=GROWN.memory_mb))

    @ddt.data('turned on', 'turned off', 'changed')
    def test_other_configuration(self, how):
        """Guests that run are limited as it is configured now."""
        overhead = {'turned on': None, 'changed': 256}.get(how, OVERHEAD)
        self.flags(memory_limit_overhead=overhead, group='xloud')
        self._reboot_server(self.server, hard=True)
        now = None if how == 'turned off' else OVERHEAD
        self.flags(memory_limit_overhead=now, group='xloud')
        self._reconcile()
        if now:
            self.assertLimited(self.server, MINIMUM)
        self._adjust(self.server, GROWN)
        if now:
            self.assertLimited(self.server, GROWN)
        else:
            self.assertEqual((None, None), self._limits(self.server))
        self.assertNotKilled(self.server)

    def test_during_adjustment(self):
        """Reconciliation leaves a guest alone that is being adjusted."""
        seen = []
        driver = self.computes['host1'].driver

        def reconcile(method, *args, **kwargs):
            self._reconcile()
            seen.append(self._limits(self.server))
            return method(*args, **kwargs)

        self._patch(type(driver), 'set_current_memory_mb', reconcile)
        self._adjust(self.server, GROWN)
        allowed = GROWN.memory_mb + OVERHEAD
        self.assertEqual([(allowed, allowed)], seen)

    def test_hung_guest(self):
        """One whose monitor hangs holds up nobody, and is limited later."""
        self.flags(guest_query_timeout=1, group='xloud')
        self._set_limit(None)
        monitor = self.domain.size.monitor
        self.addCleanup(monitor.release)
        monitor.hang()
        other = self._boot()
        self._set_live_memory(self._guest(other), MINIMUM.memory_mb)
        self._reconcile()
        self.assertEqual((None, None), self._limits(self.server))
        self.assertLimited(other, MINIMUM)
        monitor.release()
        self._wait_for(lambda: self._limits(self.server) != (None, None))

    def _wait_for(self, condition):
        for _look in range(20):
            self._reconcile()
            if condition():
                return
        self.fail('It has not happened.')

    def test_live_migration(self):
        """A guest is limited where it goes to as that is configured there."""
        self._adjust(self.server, GROWN)
        self.flags(memory_limit_overhead=1024, group='xloud')
        self._live_migrate_to(self.server, 'host2')
        allowed = GROWN.memory_mb + 1024
        self._wait_until(lambda: (allowed, allowed) == self._limits(
            self.server, 'host2'))

    def test_live_migration_not_limited(self):
        """A guest that cannot be limited where it comes to is so later."""
        self._break(type(self.domain), 'setMemoryParameters',
                    fakelibvirt.libvirtError('busy'), times=1)
        self._live_migrate_to(self.server, 'host2')
        self._wait_until(
            lambda: 'was not limited' in self.stdlog.logger.output)
        self.assertEqual((None, None), self._limits(self.server, 'host2'))
        self._reconcile()
        self.assertLimited(self.server, MINIMUM, 'host2')

    def test_deleted_on_arrival(self):
        """A server that is deleted as soon as it has come is not an error."""
        def refresh(method, instance):
            refreshed.append(instance)
            raise exception.InstanceNotFound(instance_id=instance.uuid)

        refreshed = []
        self._patch(objects.Instance, 'refresh', refresh)
        self._live_migrate_to(self.server, 'host2')
        self._wait_until(lambda: refreshed)
        self.assertNotIn('limited later', self.stdlog.logger.output)

    def test_live_migration_fails(self):
        """A guest that stays where it was keeps its limit."""
        self._adjust(self.server, GROWN)

        def fail(method, guest, *args, **kwargs):
            guest._domain.fail_job()

        self._patch(type(self._guest(self.server)), 'migrate', fail)
        self._live_migrate(
            self.server, migration_expected_state='failed')
        self._reconcile()
        self.assertLimited(self.server, GROWN)
        self.assertNotKilled(self.server)

    def test_no_elastic_memory(self):
        """Others are as if there were no such option."""
        flavor_id = self._create_flavor(
            vcpu=4, memory_mb=1024, extra_spec={'minimum_cpu': '1'})
        server = self._boot(flavor_id)
        self.assertEqual((None, None), self._limits(server))
        # What an operator has set stays.
        self._guest(server).set_memory_limit(2048 * MiB)
        self._adjust(server, elastic.Size(3, 1024))
        self._reconcile()
        self.assertEqual((2048, 2048), self._limits(server))


class NoMemoryLimitTest(MemoryLimitMixin, elastic_base.ElasticServersTestBase):

    def test_default(self):
        """Without the option there is no limit, and none is requested."""
        self.flags(memory_limit_overhead=None, group='xloud')
        with mock.patch.object(
                fakelibvirt.Domain, 'setMemoryParameters') as call:
            server = self._grown()
            self._adjust(server, START)
            self._reconcile()
        call.assert_not_called()
        self.assertEqual((None, None), self._limits(server))


@ddt.ddt
class MemoryLimitOfDevicesTest(test.NoDBTestCase):

    @ddt.data('<hostdev mode="subsystem" type="pci"/>',
              '<interface type="hostdev"/>', '<interface type="vdpa"/>')
    def test_locked_memory(self, device):
        """What is locked for a device could not grow."""
        self.flags(memory_limit_overhead=OVERHEAD, group='xloud')
        devices = [etree.fromstring('<interface type="bridge"/>')]
        self.assertEqual(1536 * MiB, limit.get_limit(1024, devices))
        devices.append(etree.fromstring(device))
        self.assertIsNone(limit.get_limit(1024, devices))
