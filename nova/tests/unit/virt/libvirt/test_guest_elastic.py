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
"""A guest says what it has now, and its agent what of that is in use."""

from nova.compute import power_state
from nova import exception
from nova import test
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.unit.fixtures import test_libvirt_size
from nova.virt.libvirt import guest as libvirt_guest


class ElasticGuestTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fakelibvirt.LibvirtFixture())
        connection = fakelibvirt.Connection('qemu:///system')
        self.domain = connection.defineXML(test_libvirt_size.DOMAIN % (
            test_libvirt_size.ELASTIC, test_libvirt_size.AGENT))
        self.domain.create()
        self.domain.size.guest.agent.connected = True
        self.guest = libvirt_guest.Guest(self.domain)

    def test_size(self):
        info = self.guest.get_size_info()
        self.assertEqual(
            (power_state.RUNNING, 2, 2048, 4096),
            (info.state, info.vcpus, info.memory, info.max_memory))
        self.assertEqual(2, self.guest.get_vcpus_count())
        self.assertEqual(2048, self.guest.get_memory_stats()['actual'])

    def test_online_vcpus(self):
        self.guest.set_vcpus(4, live=True)
        self.guest.set_online_vcpus(3)
        self.assertEqual(3, self.guest.get_vcpus_count(in_guest=True))
        self.assertEqual(4, self.guest.get_vcpus_count())

    def test_agent_timeout(self):
        """It holds for what is done within, however that ends."""
        agent = self.domain.size.guest.agent
        with self.guest.agent_timeout(3):
            self.assertEqual(3, agent.timeout)
        self.assertEqual(-2, agent.timeout)

        def ask():
            with self.guest.agent_timeout(3):
                self.guest.set_online_vcpus(3)

        self.assertRaises(fakelibvirt.libvirtError, ask)
        self.assertEqual(-2, agent.timeout)

    def _ask_while(self, question):
        """Ask the agent while another caller does."""
        agent = self.domain.size.guest.agent

        def ask():
            with self.guest.agent_timeout(1):
                self.guest.set_online_vcpus(2)

        agent.during_question = lambda: self.assertRaises(
            exception.GuestAgentBusy, ask)
        question()
        self.assertEqual(-2, agent.timeout)
        agent.during_question = lambda: None
        ask()
        self.assertEqual([-2, 1], agent.timeouts)

    def test_agent_is_asked_alone(self):
        """No timeout is set while Nova asks the agent on its own account."""
        self._ask_while(self.guest.freeze_filesystems)

    def test_agents_of_other_guests(self):
        """They are asked at the same time."""
        connection = fakelibvirt.Connection('qemu:///system')
        domain = connection.defineXML(
            (test_libvirt_size.DOMAIN % (
                test_libvirt_size.ELASTIC, test_libvirt_size.AGENT)).replace(
                    'f01cf68d', 'a1b0b17d').replace('growing', 'other'))
        domain.create()
        domain.size.guest.agent.connected = True
        other = libvirt_guest.Guest(domain)
        self.domain.size.guest.agent.during_question = other.freeze_filesystems
        self.guest.freeze_filesystems()
        self.assertEqual([-2], domain.size.guest.agent.timeouts)
