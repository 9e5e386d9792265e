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
"""Fake libvirt lets its domains have, and refuses, what libvirt does."""

import threading

from lxml import etree

from nova import test
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.fixtures import libvirt_guest
from nova.tests.fixtures import libvirt_size

LIVE = fakelibvirt.VIR_DOMAIN_AFFECT_LIVE
CONFIG = fakelibvirt.VIR_DOMAIN_AFFECT_CONFIG
HOTPLUGGABLE = fakelibvirt.VIR_DOMAIN_VCPU_HOTPLUGGABLE
GUEST = fakelibvirt.VIR_DOMAIN_VCPU_GUEST
INACTIVE = fakelibvirt.VIR_DOMAIN_XML_INACTIVE

DOMAIN = """
<domain type='kvm'>
  <name>growing</name>
  <uuid>f01cf68d-515c-4daf-b85f-ef1424d93bfc</uuid>
  <memory>4096</memory>
  %s
  <os><type>hvm</type></os>
  <devices>%s</devices>
</domain>
"""
AGENT = """
<channel type='unix'>
  <target type='virtio' name='org.qemu.guest_agent.0'/>
</channel>
"""
STATISTICS = """
<memballoon model='virtio'>
  <stats period='10'/>
</memballoon>
"""
ELASTIC = """
<currentMemory>2048</currentMemory>
<vcpu current='2'>4</vcpu>
<vcpus>
  <vcpu id='0' enabled='yes' hotpluggable='no' order='1'/>
  <vcpu id='1' enabled='yes' hotpluggable='yes' order='2'/>
  <vcpu id='2' enabled='no' hotpluggable='yes'/>
  <vcpu id='3' enabled='no' hotpluggable='yes'/>
</vcpus>
"""


class FakeLibvirtSizeTest(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.connection = fakelibvirt.Connection('qemu:///system')

    def _define(self, size=ELASTIC, devices=''):
        return self.connection.defineXML(DOMAIN % (size, devices))

    def _start(self, *args, **kwargs):
        domain = self._define(*args, **kwargs)
        domain.create()
        return domain

    @staticmethod
    def _described(domain, flags=0):
        root = etree.fromstring(domain.XMLDesc(flags))
        vcpu = root.find('vcpu')
        marks = ''.join(
            {('yes', 'no'): 'B', ('yes', 'yes'): 'h', ('no', 'yes'): '.'}[
                vcpu.get('enabled'), vcpu.get('hotpluggable')]
            for vcpu in root.iterfind('vcpus/vcpu'))
        return (int(vcpu.get('current') or vcpu.text), marks,
                int(root.findtext('currentMemory')))

    def assertRefused(self, code, message, call, *args):
        ex = self.assertRaises(fakelibvirt.libvirtError, call, *args)
        self.assertEqual(code, ex.get_error_code())
        self.assertEqual(message, str(ex))

    def test_start(self):
        domain = self._define()
        self.assertEqual((2, 'Bh..', 2048), self._described(domain))
        domain.create()
        self.assertEqual((2, 'Bh..', 2048), self._described(domain))
        self.assertEqual([1, 4096, 2048, 2], domain.info()[:4])
        self.assertEqual([0, 1], [vcpu[0] for vcpu in domain.vcpus()[0]])
        self.assertEqual(4096, domain.maxMemory())
        self.assertEqual(2, domain.vcpusFlags(LIVE))
        self.assertEqual(4, domain.vcpusFlags(
            CONFIG | fakelibvirt.VIR_DOMAIN_VCPU_MAXIMUM))
        self.assertEqual(2048, domain.memoryStats()['actual'])

    def test_plain(self):
        """There is nothing new to see of a domain that has it all."""
        domain = self._start("<vcpu>4</vcpu>")
        self.assertIn('<vcpu>4</vcpu>', domain.XMLDesc(0))
        self.assertEqual((4, '', 4096), self._described(domain))
        self.assertEqual([1, 4096, 4096, 4], domain.info()[:4])

    def test_live_or_config(self):
        domain = self._start()
        domain.setVcpusFlags(3, LIVE)
        domain.setMemoryFlags(3072, LIVE)
        self.assertEqual((3, 'Bhh.', 3072), self._described(domain))
        self.assertEqual((2, 'Bh..', 2048), self._described(domain, INACTIVE))

        domain.setVcpusFlags(4, CONFIG | HOTPLUGGABLE)
        domain.setMemoryFlags(1024, CONFIG)
        self.assertEqual((3, 'Bhh.', 3072), self._described(domain))
        self.assertEqual((4, 'Bhhh', 1024), self._described(domain, INACTIVE))

        domain.setVcpusFlags(1, LIVE | CONFIG)
        domain.setMemoryFlags(512, LIVE | CONFIG)
        self.assertEqual((1, 'B...', 512), self._described(domain))
        self.assertEqual((1, 'B...', 512), self._described(domain, INACTIVE))

        # Without a flag it is what counts now.
        domain.setVcpusFlags(2)
        self.assertEqual((1, 'B...', 512), self._described(domain, INACTIVE))
        domain.destroy()
        domain.setVcpusFlags(3)
        self.assertEqual((3, 'BBB.', 512), self._described(domain))

    def test_config_without_hotpluggable(self):
        """What is added without the flag cannot be taken away later."""
        domain = self._define()
        domain.setVcpusFlags(3, CONFIG)
        self.assertEqual((3, 'BhB.', 2048), self._described(domain))

    def test_restart(self):
        """A domain starts as it is defined, whatever it had."""
        domain = self._start()
        domain.setVcpusFlags(4, LIVE)
        domain.setVcpusFlags(3, CONFIG | HOTPLUGGABLE)
        domain.setMemoryFlags(3072, LIVE)
        domain.destroy()
        self.assertEqual((3, 'Bhh.', 2048), self._described(domain))
        domain.create()
        self.assertEqual((3, 'Bhh.', 2048), self._described(domain))

    def test_managed_save(self):
        """What is saved of a domain is what it has again."""
        domain = self._start()
        domain.setVcpusFlags(4, LIVE)
        domain.setMemoryFlags(3072, LIVE)
        domain.managedSave(0)
        self.assertFalse(domain.isActive())
        self.assertEqual((2, 'Bh..', 2048), self._described(domain))
        domain = self._define()
        self.assertTrue(domain.hasManagedSaveImage(0))
        domain.create()
        self.assertEqual((4, 'Bhhh', 3072), self._described(domain))
        self.assertFalse(domain.hasManagedSaveImage(0))

    def test_managed_save_removed(self):
        domain = self._start()
        domain.setVcpusFlags(4, LIVE)
        domain.managedSave(0)
        domain.managedSaveRemove(0)
        domain.create()
        self.assertEqual((2, 'Bh..', 2048), self._described(domain))

    def test_define_while_it_runs(self):
        domain = self._start()
        domain.setVcpusFlags(4, LIVE)
        self.assertIs(domain, self._define("<vcpu current='3'>4</vcpu>"))
        self.assertTrue(domain.isActive())
        self.assertEqual((4, 'Bhhh', 2048), self._described(domain))
        self.assertEqual((3, '', 4096), self._described(domain, INACTIVE))

    def test_transient(self):
        domain = self.connection.createXML(DOMAIN % (ELASTIC, ''), 0)
        domain.setVcpusFlags(3, LIVE)
        self.assertEqual((3, 'Bhh.', 2048), self._described(domain))
        self.assertRefused(
            fakelibvirt.VIR_ERR_OPERATION_INVALID,
            'Requested operation is not valid: transient domains do not have '
            'any persistent config', domain.setVcpusFlags, 3, CONFIG)

    def test_not_marked(self):
        """What boots without a mark can never be taken away."""
        for size in ("<vcpu>4</vcpu>", "<vcpu current='3'>4</vcpu>"):
            domain = self._start(size)
            self.assertRefused(
                fakelibvirt.VIR_ERR_CONFIG_UNSUPPORTED,
                'unsupported configuration: failed to find appropriate '
                'hotpluggable vcpus to reach the desired target vcpu count',
                domain.setVcpusFlags, 1, LIVE)
            domain.destroy()

        # What is added to it can be.
        domain.create()
        domain.setVcpusFlags(4, LIVE)
        self.assertEqual((4, 'BBBh', 4096), self._described(domain))
        domain.setVcpusFlags(3, LIVE)
        self.assertEqual((3, 'BBB.', 4096), self._described(domain))

    def test_refused(self):
        domain = self._start()
        invalid = fakelibvirt.VIR_ERR_INVALID_ARG
        self.assertRefused(
            invalid, 'nvcpus in virDomainSetVcpusFlags must not be zero',
            domain.setVcpusFlags, 0, LIVE)
        self.assertRefused(
            invalid, 'invalid argument: requested vcpus is greater than max '
            'allowable vcpus for the live domain: 5 > 4',
            domain.setVcpusFlags, 5, LIVE | CONFIG)
        self.assertRefused(
            invalid, 'invalid argument: requested vcpus is greater than max '
            'allowable vcpus for the persistent domain: 5 > 4',
            domain.setVcpusFlags, 5, CONFIG)
        self.assertRefused(
            invalid, 'invalid argument: cannot set memory higher than max '
            'memory', domain.setMemoryFlags, 8192, LIVE)
        self.assertRefused(
            invalid, 'memory in virDomainSetMemoryFlags must not be zero',
            domain.setMemoryFlags, 0, CONFIG)
        self.assertRefused(
            fakelibvirt.VIR_ERR_OPERATION_INVALID,
            'Requested operation is not valid: cannot resize the maximum '
            'memory on an active domain', domain.setMemoryFlags, 8192,
            LIVE | fakelibvirt.VIR_DOMAIN_MEM_MAXIMUM)
        self.assertRefused(
            fakelibvirt.VIR_ERR_ARGUMENT_UNSUPPORTED,
            'argument unsupported: QEMU guest agent is not configured',
            domain.vcpusFlags, LIVE | fakelibvirt.VIR_DOMAIN_VCPU_GUEST)
        self.assertEqual((2, 'Bh..', 2048), self._described(domain))
        self.assertEqual((2, 'Bh..', 2048), self._described(domain, INACTIVE))

    def test_refused_while_stopped(self):
        domain = self._define()
        message = 'Requested operation is not valid: domain is not running'
        for call, *args in ((domain.setVcpusFlags, 3, LIVE | CONFIG),
                            (domain.setMemoryFlags, 1024, LIVE),
                            (domain.vcpusFlags, LIVE),
                            (domain.memoryStats,)):
            self.assertRefused(
                fakelibvirt.VIR_ERR_OPERATION_INVALID, message, call, *args)
        self.assertRaises(fakelibvirt.libvirtError, domain.vcpus)

    def test_refused_definitions(self):
        for size, message in (
            ("<vcpu>1</vcpu><vcpus><vcpu id='0' enabled='yes' "
             "hotpluggable='yes'/></vcpus>", "vcpu0 can't be hotpluggable"),
            ("<vcpu>2</vcpu><vcpus><vcpu id='1' enabled='no' "
             "hotpluggable='no'/></vcpus>",
             "vcpu '1' is both offline and not hotpluggable"),
        ):
            self.assertRefused(
                fakelibvirt.VIR_ERR_CONFIG_UNSUPPORTED,
                'unsupported configuration: ' + message, self._define, size)

    def test_guest_unplugs_too_late(self):
        """A guest may let go only some of the vCPUs in time, or none."""
        for in_time, left, later in ((0, 4, 3), (1, 3, 2)):
            domain = self._start()
            domain.setVcpusFlags(4, LIVE)
            domain._size.guest.unplugs_in_time = in_time
            self.assertRefused(
                fakelibvirt.VIR_ERR_OPERATION_TIMEOUT,
                'Timed out during operation: vcpu unplug request timed out. '
                'Unplug result must be manually inspected in the domain',
                domain.setVcpusFlags, 1, LIVE)
            self.assertEqual(left, domain.vcpusFlags(LIVE))
            # Nobody can ask for the same vCPU twice.
            self.assertRefused(
                fakelibvirt.VIR_ERR_INTERNAL_ERROR,
                'An error occurred, but the cause is unknown',
                domain.setVcpusFlags, 1, LIVE)
            # It may still comply, when nobody waits for it any more.
            domain._size.let_go()
            self.assertEqual(later, domain.vcpusFlags(LIVE))
            domain.destroy()

    def test_guest_without_balloon_driver(self):
        """It has all the memory there is, whatever is asked of it."""
        domain = self._start()
        domain._size.guest.balloons = False
        domain.setMemoryFlags(1024, LIVE)
        self.assertEqual(2048, domain.memoryStats()['actual'])
        domain.destroy()
        domain.create()
        self.assertEqual((2, 'Bh..', 4096), self._described(domain))
        self.assertNotIn('available', domain.memoryStats())

    def test_guest_uses_its_memory(self):
        """It gives up no more than it can."""
        domain = self._start()
        domain._size.guest.memory_in_use = 1536
        domain.setMemoryFlags(1024, LIVE)
        self.assertEqual(1536, domain.memoryStats()['actual'])

    def test_statistics(self):
        """They are as old as the period of the domain allows."""
        domain = self._start(devices=STATISTICS)
        guest = domain._size.guest
        guest.clock = libvirt_guest.FakeClock()
        guest.memory_in_use = 512
        first = domain.memoryStats()
        self.assertEqual(
            (2048, 2048, 2048, 1536, 100),
            tuple(first[name] for name in (
                'rss', 'actual', 'available', 'usable', 'minor_fault')))
        guest.memory_in_use = 1024
        guest.clock.advance(3)
        self.assertEqual(first, domain.memoryStats())
        domain.setMemoryStatsPeriod(1, LIVE)
        second = domain.memoryStats()
        self.assertEqual(1024, second['usable'])
        self.assertEqual(3, second['last_update'] - first['last_update'])
        guest.reports_statistics = False
        guest.clock.advance(100)
        self.assertEqual(second, domain.memoryStats())

    def test_no_statistics(self):
        """There are none where the domain has no period, as by default."""
        stats = self._start().memoryStats()
        self.assertEqual(
            {'rss': 2048, 'actual': 2048, 'last_update': 0}, stats)

    def test_guest_dies(self):
        """A guest that is left less than it uses restarts, or panics."""
        for dies, actual in (('restarts', 4096), ('panics', 1024)):
            domain = self._start(devices=STATISTICS)
            guest = domain._size.guest
            guest.memory_in_use = 1536
            guest.when_exhausted, guest.restarts = dies, 0
            faults = domain.memoryStats()['minor_fault']
            domain.setMemoryFlags(1024, LIVE)
            self.assertEqual(actual, domain._size.live.current_memory)
            self.assertEqual(int(dies == 'restarts'), guest.restarts)
            stats = domain.memoryStats()
            # The driver of one that has restarted goes on to the target.
            self.assertEqual(1024, stats['actual'])
            self.assertEqual(faults, stats['minor_fault'])
            domain.destroy()

    def test_monitor_hangs(self):
        """What libvirt knows by itself it says, and nothing else."""
        domain = self._start()
        monitor = domain._size.monitor
        monitor.hang()
        done = []
        asker = threading.Thread(
            target=lambda: done.append(domain.memoryStats()))
        asker.start()
        self.assertEqual(2048, domain.info()[2])
        self.assertEqual(2, domain.vcpusFlags(LIVE))
        asker.join(0.2)
        self.assertEqual([], done)
        monitor.release()
        asker.join(5)
        self.assertEqual(2048, done[0]['actual'])

    def test_late_events(self):
        """What libvirt knows of a balloon is up to a second old."""
        domain = self._start()
        guest = domain._size.guest
        guest.clock = libvirt_guest.FakeClock()
        guest.event_delay = 1
        self.assertEqual(2048, domain.info()[2])
        domain.setMemoryFlags(1024, LIVE)
        self.assertEqual(1024, domain.memoryStats()['actual'])
        self.assertEqual(2048, domain.info()[2])
        guest.clock.advance(1)
        self.assertEqual(1024, domain.info()[2])

    def test_no_balloon(self):
        domain = self._start(devices="<memballoon model='none'/>")
        self.assertEqual((2, 'Bh..', 4096), self._described(domain))
        self.assertRefused(
            fakelibvirt.VIR_ERR_OPERATION_INVALID,
            'Requested operation is not valid: Unable to change memory of '
            'active domain without the balloon device and guest OS balloon '
            'driver', domain.setMemoryFlags, 1024, LIVE)
        self.assertNotIn('actual', domain.memoryStats())

    def test_slow_balloon(self):
        """A guest may need some time to do what it is asked for."""
        domain = self._start()
        domain._size.guest.balloon_step = 512
        for memory, seen in ((1024, [1536, 1024, 1024]),
                             (1900, [1536, 1900, 1900]),
                             (4096, [2412, 2924])):
            domain.setMemoryFlags(memory, LIVE)
            self.assertEqual(
                seen, [domain.memoryStats()['actual'] for _ in seen])

    def test_agent(self):
        """libvirt begins with the first vCPUs but one, wherever it can."""
        domain = self._start(devices=AGENT)
        guest = domain._size.guest
        guest.agent.connected = True
        guest.onlines = False
        self.assertEqual(2, domain.vcpusFlags(LIVE | GUEST))
        domain.setVcpusFlags(4, LIVE)
        self.assertEqual({2, 3}, guest.offline)
        for count, offline in ((4, set()), (3, {1}), (2, {1, 2}), (3, {2})):
            domain.setVcpusFlags(count, LIVE | GUEST)
            self.assertEqual(offline, guest.offline)
            self.assertEqual(count, domain.vcpusFlags(LIVE | GUEST))
            self.assertEqual(4, domain.vcpusFlags(LIVE))
        domain.setVcpusFlags(2, LIVE)
        self.assertEqual(2, domain.vcpusFlags(LIVE | GUEST))
        self.assertRefused(
            fakelibvirt.VIR_ERR_INTERNAL_ERROR, 'internal error: guest agent '
            'reports less cpu than requested',
            domain.setVcpusFlags, 3, LIVE | GUEST)

    def test_agent_does_not_answer(self):
        domain = self._start(devices=AGENT)
        agent = domain._size.guest.agent
        unresponsive = fakelibvirt.VIR_ERR_AGENT_UNRESPONSIVE
        self.assertRefused(
            unresponsive, 'Guest agent is not responding: QEMU guest agent is '
            'not connected', domain.vcpusFlags, LIVE | GUEST)

        agent.connected = agent.hangs = True
        self.assertRaises(RuntimeError, domain.vcpusFlags, LIVE | GUEST)
        waited = []
        domain._size.guest.waited = waited.append
        domain.agentSetResponseTimeout(7, 0)
        self.assertRefused(
            unresponsive, 'Guest agent is not responding: Guest agent not '
            'available for now', domain.setVcpusFlags, 1, LIVE | GUEST)
        self.assertEqual([7], waited)

    def test_gone(self):
        """Who still knows a domain that is gone gets an error."""
        domain = self._start()
        domain.undefine()
        domain.info()
        domain.destroy()
        for call, *args in ((domain.info,), (domain.memoryStats,),
                            (domain.vcpusFlags, LIVE)):
            self.assertRefused(
                fakelibvirt.VIR_ERR_NO_DOMAIN, "Domain not found: no domain "
                "with matching uuid 'f01cf68d-515c-4daf-b85f-ef1424d93bfc' "
                "(growing)", call, *args)

    def test_crash(self):
        """Once libvirtd has crashed it does nothing any more."""
        domain = self._start()
        domain._size.crash = libvirt_size.Refused(
            'gone', 'VIR_ERR_SYSTEM_ERROR')
        for call, *args in ((domain.info,), (domain.setVcpusFlags, 3, LIVE)):
            self.assertRefused(
                fakelibvirt.VIR_ERR_SYSTEM_ERROR, 'gone', call, *args)


class FakeClockTest(test.NoDBTestCase):

    def test_time_passes(self):
        """What is to be at some time is done when that has passed."""
        clock = libvirt_guest.FakeClock()
        done = []
        clock.at(2, lambda: done.append('second'))
        clock.at(1, lambda: done.append('first'))
        clock.sleep(0.5)
        self.assertEqual([], done)
        clock.sleep(0.5)
        self.assertEqual(['first'], done)
        clock.advance(4)
        clock.advance(4)
        self.assertEqual(['first', 'second'], done)
        self.assertEqual(9, clock.monotonic())
