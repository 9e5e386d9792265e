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

"""Host CPUs are powered up before a server owns them, and down afterwards."""

import ddt

from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.libvirt import elastic_pinned_base
from nova.virt.libvirt import guest as libvirt_guest


class Core(object):
    """A CPU of a host, in place of the one of this machine."""

    def __init__(self, ident):
        self.ident = ident
        self.online = True
        self.governor = 'performance'

    def set_high_governor(self):
        self.governor = 'performance'

    def set_low_governor(self):
        self.governor = 'powersave'


@ddt.ddt
class ElasticPinnedPowerTest(elastic_pinned_base.PinnedServersTestBase):

    HOSTS = ('host1', 'host2')

    def setUp(self):
        self.useFixture(nova_fixtures.PrivsepFixture())
        self.useFixture(nova_fixtures.SysFileSystemFixture())
        self.cores = {}
        super().setUp()

    def _manage(self, strategy):
        self.flags(cpu_power_management=True, group='libvirt',
                   cpu_power_management_strategy=strategy)
        for host in self.HOSTS:
            cores = {cpu: Core(cpu) for cpu in range(self.CPUS)}
            self.cores[host] = cores
            api = self.computes[host].driver.cpu_api
            api.core = cores.__getitem__
            api.power_down_all_dedicated_cpus()

    def _powered(self, host='host1'):
        return {cpu for cpu, core in self.cores[host].items()
                if cpu > 1 and core.online and core.governor == 'performance'}

    def assertPowered(self, *servers, host='host1'):
        self.assertEqual(
            {cpu for server in servers for cpu in self._owned(server).values()
             }, self._powered(host))

    @ddt.data('cpu_state', 'governor')
    def test_cores_follow_the_size(self, strategy):
        self._manage(strategy)
        first, second = self._boot(), self._boot()
        self.assertPowered(first, second)
        asleep = []

        def watch(method, guest, vcpu, cpus, persistent):
            if not persistent and cpus - self._powered():
                asleep.append((vcpu, cpus))
            return method(guest, vcpu, cpus, persistent)

        self._patch(libvirt_guest.Guest, 'pin_vcpu', watch)
        self._set_vcpus(first, 4)
        self.assertPinned(first, 4)
        self.assertPowered(first, second)
        self._set_vcpus(first, 2)
        self.assertPowered(first, second)
        self._set_vcpus(second, 4, persist=False)
        self.assertPowered(first, second)
        self._reboot_server(second, hard=True)
        self.assertPinned(second, 1)
        self.assertPowered(first, second)
        self.assertEqual([], asleep)

        self._live_migrate_to(first, 'host2')
        self.assertPowered(second)
        self.assertPowered(first, host='host2')
        self._stop_server(second)
        self.assertEqual(set(), self._powered())
        # What a stopped server gets is not used yet.
        self._set_vcpus(second, 3)
        self.assertEqual(set(), self._powered())
        self._start_server(second)
        self.assertPowered(second)
