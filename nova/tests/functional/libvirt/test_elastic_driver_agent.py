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
"""The libvirt driver asks the guest agent where there is one."""

import threading


from nova.tests.functional.libvirt import elastic_driver_base


class SetVCPUsWithAgentTest(elastic_driver_base.DriverTestBase):

    def _used(self):
        return len(self.size.live.online) - len(self.guest.offline)

    def test_guest_leaves_new_ones_alone(self):
        """The agent brings online what is added."""
        self._start(agent=True)
        self.guest.onlines = False
        self._set_vcpus(4)
        self.assertHas(vcpus=4)
        self.assertEqual(4, self._used())
        self.assertTook(0.5)

    def test_guest_cannot_use_new_ones(self):
        """A guest does not have the vCPUs that it does not use."""
        self._start(agent=True)
        self.guest.onlines = self.guest.agent.obeys = False
        self.assertFails(
            'The guest has 1 of 3 vCPUs online after 30 seconds.',
            self._set_vcpus, 3)
        self.assertHas(vcpus=3)
        self.assertTook(30)

    def test_shrink(self):
        """The agent may take others offline than those that go."""
        self._start(agent=True, vcpus=4)
        self._set_vcpus(2)
        self.assertHas(vcpus=2)
        self.assertEqual(2, self._used())

    def test_shrink_fails(self):
        """What the guest keeps it can use."""
        self._start(agent=True, vcpus=4)
        self.guest.unplugs_in_time = 1
        self.assertFails(
            'The guest has given back 1 of 3 vCPUs after 30 seconds.',
            self._set_vcpus, 1)
        self.assertHas(vcpus=3)
        self.assertEqual(3, self._used())

    def test_shrink_without_its_help(self):
        """An agent that does nothing does not matter."""
        self._start(agent=True, vcpus=4)
        self.guest.agent.obeys = False
        self._set_vcpus(2)
        self.assertHas(vcpus=2)

    def test_dead(self):
        self._start(agent=True)
        self.guest.agent.connected = self.guest.onlines = False
        for count in (4, 2):
            self._set_vcpus(count)
            self.assertHas(vcpus=count)
        self.assertTook(0)

    def test_hung(self):
        """It is waited for just once, and for no longer than configured."""
        self._start(agent=True)
        self.flags(guest_agent_timeout=3, group='xloud')
        self.guest.agent.hangs = True
        self._set_vcpus(4)
        self.assertTook(3)
        self._set_vcpus(2)
        self.assertHas(vcpus=2)
        self.assertTook(6)
        self.assertEqual(2, self.guest.agent.question_count)
        # Others may wait for it as long as they did.
        self.assertEqual(-2, self.guest.agent.timeout)

    def test_hangs_later(self):
        """A guest that takes long need not have an agent to the end."""
        self._start(agent=True, vcpus=4)
        self.guest.unplugs_in_time = 0

        def let_go():
            self.guest.agent.hangs = True
            self.size.let_go()

        self.clock.at(6, let_go)
        self._set_vcpus(3)
        self.assertHas(vcpus=3)
        self.assertLess(self.clock.monotonic(), 12)


class AgentQuestionsTest(elastic_driver_base.DriverTestBase):
    """The timeout belongs to the domain, so one asks the agent at a time."""

    def _during_question(self, action):
        """Have another caller do this during the first question."""
        agent = self.guest.agent

        def interrupt():
            agent.during_question = lambda: None
            self.other.start()
            # It has its chance to change the timeout.
            self.other.join(0.5)

        self.other = threading.Thread(target=action)
        agent.during_question = interrupt

    def test_adjustment_beside_status(self):
        """A status never leaves an adjustment without a timeout."""
        self._start(agent=True, vcpus=2)
        self._during_question(lambda: self._set_vcpus(4))
        self._details()
        self.other.join(5)
        self.assertHas(vcpus=4)
        self.assertGreater(len(self.guest.agent.timeouts), 1)
        self.assertEqual({5}, set(self.guest.agent.timeouts))
        self.assertEqual(-2, self.guest.agent.timeout)

    def test_quiesce_beside_status(self):
        """A status never cuts a freeze of filesystems short."""
        self._start(agent=True)
        guest = self._guest(self.server)
        freeze = threading.Thread(target=guest.freeze_filesystems)
        with guest.agent_timeout(5):
            freeze.start()
            # It has its chance to be asked with this timeout.
            freeze.join(0.5)
        freeze.join(5)
        self.assertEqual([-2], self.guest.agent.timeouts)

    def test_status_beside_quiesce(self):
        """A status does not wait for a freeze that takes long."""
        self._start(agent=True)
        self.flags(guest_agent_timeout=1, group='xloud')
        self.details = None

        def describe():
            self.details = self._details()

        agent = self.guest.agent

        def describe_in_the_meantime():
            agent.during_question = lambda: None
            other = threading.Thread(target=describe)
            other.start()
            other.join(5)

        agent.during_question = describe_in_the_meantime
        self._guest(self.server).freeze_filesystems()
        self.assertIsNone(self.details['guest_vcpus'])
        self.assertEqual([-2], agent.timeouts)
