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

"""The notifications of an adjustment: that it began, and how it ended."""

from unittest import mock

import nova.conf
from nova import exception
from nova.tests import fixtures
from nova.tests.functional.notification_sample_tests \
    import notification_sample_base
from nova.tests.unit import fake_crypto

CONF = nova.conf.CONF


class TestXloudAdjustNotificationSample(
        notification_sample_base.NotificationSampleTestBase):

    def setUp(self):
        for name in ('bdms_in_notifications', 'include_share_mapping'):
            # The second is only in those releases that have shares.
            if name in CONF.notifications:
                self.flags(group='notifications', **{name: True})
        super().setUp()
        self.neutron = self.useFixture(fixtures.NeutronFixture(self))
        self.cinder = self.useFixture(fixtures.CinderFixture(self))
        self.server = self._boot()
        self.notifier.reset()

    def _boot(self):
        """Boot the server that the common parts of the samples describe."""
        flavor_id = self.admin_api.post_flavor({'flavor': {
            'id': 'a22d5517-147c-4147-a0d1-e698df5cd4e3',
            'name': 'test_flavor', 'vcpus': 2, 'ram': 1024, 'disk': 1}})['id']
        self.admin_api.post_extra_spec(flavor_id, {'extra_specs': {
            'hw:watchdog_action': 'disabled',
            'minimum_cpu': '1', 'minimum_memory': '512'}})
        self.api.post_keypair({'keypair': {
            'name': 'my-key', 'public_key': fake_crypto.get_ssh_public_key()}})
        server = self._build_server(
            name='some-server', flavor_id=flavor_id,
            image_uuid='155d900f-4e14-4e4c-a73d-069cbf4541e6',
            networks=[{'port': self.neutron.port_1['id']}])
        server.update(description='some-server', key_name='my-key')
        server = self._wait_for_state_change(
            self.api.post_server({'server': server}), 'ACTIVE')
        self._attach_volume_to_server(server, self.cinder.SWAP_OLD_VOL)
        return server

    def _adjust(self, **body):
        self.api.api_post('/os-xloud-adjust/%s' % self.server['id'], body)
        self._wait_for_server_parameter(
            self.server, {'OS-EXT-STS:task_state': None})

    def _verify(self, *phases, **replacements):
        for phase in phases:
            self._wait_for_notification('instance.xloud_adjust.%s' % phase)
        notifications = [
            each for each in self.notifier.versioned_notifications
            if each['event_type'].startswith('instance.')]
        self.assertEqual(len(phases), len(notifications), notifications)
        for phase, notification in zip(phases, notifications):
            self._verify_notification(
                'instance-xloud_adjust-%s' % phase, actual=notification,
                replacements={'uuid': self.server['id'],
                              'reservation_id': self.ANY,
                              **(replacements if phase == 'error' else {})})

    def test_adjust(self):
        """The flavor in the end notification has what the server has then."""
        self._adjust(current_vcpus=2, current_memory_mb=1024)
        self._verify('start', 'end')
        self.assertEqual(
            ['compute.instance.xloud_adjust.start',
             'compute.instance.xloud_adjust.end'],
            [each.event_type for each in self.notifier.notifications
             if 'xloud_adjust' in each.event_type])

    def test_adjust_error(self):
        """A guest that does not comply is notified of, with the reason."""
        def _set_vcpus(driver, instance, count, persist=True):
            raise exception.ServerAdjustVCPUsNotOnline(
                done=1, requested=2, timeout=30)

        with mock.patch('nova.virt.fake.FakeDriver.set_current_vcpus',
                        _set_vcpus):
            self._adjust(current_vcpus=2, current_memory_mb=1024)
            self._verify(
                'start', 'error', **{'fault.traceback': self.ANY})
        self.assertEqual(
            ['compute.instance.xloud_adjust.start',
             'compute.instance.xloud_adjust.error'],
            [each.event_type for each in self.notifier.notifications
             if 'xloud_adjust' in each.event_type])
