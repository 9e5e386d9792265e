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

"""Whoever meters servers by notifications learns of all that they have."""

import datetime
from unittest import mock

from oslo_utils import timeutils

from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova import elastic
from nova import objects
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import START
from nova.tests.functional import elastic_history_base


class ElasticNotificationsTest(elastic_history_base.ElasticHistoryTestBase):

    def _notify(self, server):
        self.notifier.reset()
        manager = self.computes['host1'].manager
        compute_utils.notify_usage_exists(
            manager.notifier, self.ctxt, self._instance(server), 'host1',
            current_period=True)

    def _exists(self, server):
        """The payloads that end an audit period, of both formats."""
        self._notify(server)
        versioned, = self.notifier.versioned_notifications
        legacy, = self.notifier.notifications
        return versioned['payload']['nova_object.data'], legacy.payload

    def test_exists(self):
        """Audits say what a server has had in their period."""
        self.flags(instance_usage_audit_period='month')
        server = self._boot()
        self._adjust(server, GROWN)
        now = timeutils.utcnow(with_timezone=True)
        self._set_times(server, now - datetime.timedelta(days=90),
                        now - datetime.timedelta(days=60))
        versioned, legacy = self._exists(server)
        begin, end = (
            timeutils.parse_isotime(legacy['audit_period_' + name])
            for name in ('beginning', 'ending'))
        seconds = (end - begin).total_seconds()
        self.assertEqual(
            (seconds * 3, seconds * 3072),
            (legacy['vcpu_seconds'], legacy['memory_mb_seconds']))
        specs = versioned['flavor']['nova_object.data']['extra_specs']
        self.assertEqual(
            {'minimum_cpu': '1', 'minimum_memory': '1024',
             'xloud:vcpu_seconds': '%.6f' % (seconds * 3),
             'xloud:memory_mb_seconds': '%.6f' % (seconds * 3072)}, specs)

    def test_exists_plain(self):
        """Those of other servers are what they are without the fork."""
        versioned, legacy = self._exists(
            self._boot(self._create_flavor(vcpu=2, memory_mb=2048)))
        self.assertNotIn('vcpu_seconds', legacy)
        self.assertEqual(
            {}, versioned['flavor']['nova_object.data']['extra_specs'])

    def test_exists_unversioned(self):
        """Where only that format is sent, as by default, it is sent."""
        server = self._boot()
        self.flags(notification_format='unversioned', group='notifications')
        self._notify(server)
        self.assertEqual([], self.notifier.versioned_notifications)
        legacy, = self.notifier.notifications
        self.assertIn('vcpu_seconds', legacy.payload)

    def test_exists_without_the_usage(self):
        """Without an answer of the conductor they are sent as ever."""
        server = self._boot()
        self._break(objects.SizeUsage, 'refresh', Exception())
        _versioned, legacy = self._exists(server)
        self.assertNotIn('vcpu_seconds', legacy)
        self.assertEqual(1, legacy['vcpus'])

    # Changes that Nova itself does not notify of

    def assertNotified(self, size):
        payload, = (
            notification['payload']['nova_object.data']
            for notification in self.notifier.versioned_notifications
            if notification['event_type'] == 'instance.xloud_adjust.end')
        flavor = payload['flavor']['nova_object.data']
        self.assertEqual(
            size, elastic.Size(flavor['vcpus'], flavor['memory_mb']))
        self.assertEqual(1, len([
            notification for notification in self.notifier.notifications
            if notification.event_type == 'compute.instance.xloud_adjust.end']
        ))

    def test_interrupted_adjustment(self):
        """What an interrupted adjustment has left is notified of."""
        server = self._grown_until_restart()
        self._let_guest_have(server, START)
        instance = self._instance(server)
        instance.task_state = task_states.XLOUD_ADJUSTING
        instance.save()
        self.notifier.reset()
        self._reconcile()
        self.assertSize(server, START)
        self.assertNotified(START)

    def test_interrupted_after_it_was_recorded(self):
        """A change that only the interrupted service knew of is not lost.

        The claim was recorded, and the guest had it at once.
        """
        server = self._grown()
        instance = self._instance(server)
        instance.task_state = task_states.XLOUD_ADJUSTING
        instance.save()
        self.notifier.reset()
        self._reconcile()
        self.assertSize(server, GROWN)
        self.assertNotified(GROWN)

    def test_host_restart(self):
        """A server that is started with its host has its start size."""
        self.flags(resume_guests_state_on_host_boot=True)
        server = self._grown_until_restart()
        compute = self.computes['host1']
        compute.manager.driver.instances.clear()
        self.notifier.reset()
        with mock.patch.object(compute.manager.driver,
                               'resume_state_on_host_boot', create=True):
            self.restart_compute_service(compute, keep_hypervisor_state=True)
        self.assertSize(server, START)
        self.assertNotified(START)
