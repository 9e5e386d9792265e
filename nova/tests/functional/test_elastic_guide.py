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

"""The scripts of the guide for operators, as they stand there."""

import datetime
import os
import re
import textwrap
import time
from unittest import mock

import openstack
import oslo_messaging
from oslo_utils import timeutils

import nova
from nova.compute import utils as compute_utils
import nova.conf
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional import elastic_history_base

CONF = nova.conf.CONF

GUIDE = os.path.join(os.path.dirname(os.path.dirname(nova.__file__)),
                     'doc/source/admin/elastic-servers.rst')

SCRIPT = re.compile(
    r'^\.\. code-block:: python\n\n((?:   .*\n|\n)+)', re.MULTILINE)

TRANSPORT_URL = 'fake:///guide'


class ElasticGuideTest(elastic_history_base.ElasticHistoryTestBase):
    """Of what a server has had since before its second audit period."""

    def setUp(self):
        if not os.path.exists(GUIDE):
            self.skipTest('Nova is installed without its documentation.')
        with open(GUIDE) as guide:
            self.scripts = [textwrap.dedent(script)
                            for script in SCRIPT.findall(guide.read())]
        self.flags(instance_usage_audit_period='hour')
        super().setUp()
        self.server = self._boot()
        self._adjust(self.server, GROWN)
        self.last = timeutils.utcnow(with_timezone=True).replace(
            minute=0, second=0, microsecond=0)
        self.first = self.last - datetime.timedelta(hours=2)
        self._set_times(self.server, self.first,
                        self.first + datetime.timedelta(minutes=100))
        patcher = mock.patch.object(openstack, 'connect')
        patcher.start().return_value.compute.get = self._get
        self.addCleanup(patcher.stop)
        self.output = mock.Mock()
        self.variables = {
            'PROJECT': self.api.project_id, 'SERVER': self.server['id'],
            'FIRST': self._format(self.first),
            'LAST': self._format(self.last), 'TRANSPORT_URL': TRANSPORT_URL,
            'print': self.output}

    @staticmethod
    def _format(time):
        return time.strftime('%Y-%m-%dT%H:%M:%S')

    def _get(self, url):
        response = mock.Mock()
        response.json.return_value = self.admin_api.api_get(url).body
        return response

    def _run(self, script):
        """What a script prints: an amount, and of what."""
        self.output.reset_mock()
        exec(script, self.variables)
        return {unit: round(amount, 6) for amount, unit in (
            call.args for call in self.output.call_args_list)}

    def _audit(self):
        """Send what computes send at the end of a period, for two of them."""
        notifier = oslo_messaging.Notifier(
            oslo_messaging.get_notification_transport(CONF, TRANSPORT_URL),
            'compute.host1', 'messaging', topics=['notifications'])
        manager = self.computes['host1'].manager
        for minutes_ago in (59, -1):
            self.notifier.reset()
            self._set_now(
                self.last - datetime.timedelta(minutes=minutes_ago))
            compute_utils.notify_usage_exists(
                manager.notifier, self.ctxt, self._instance(self.server),
                'host1')
            sent, = self.notifier.notifications
            notifier.info({}, sent.event_type, sent.payload)
        timeutils.clear_time_override()

    def test_all_have_the_same_sum(self):
        """Usage, history and notifications, each asked as the guide does."""
        usage, history, listener, audits = self.scripts
        expected = {'vCPU hours': round((100 * 1 + 20 * 3) / 60, 6),
                    'GiB hours': round((100 * 1 + 20 * 3) / 60, 6)}
        self.assertEqual(expected, self._run(usage))
        self.assertEqual(expected, self._run(history))

        self._run(listener)
        self.addCleanup(self.variables['listener'].wait)
        self.addCleanup(self.variables['listener'].stop)
        self._audit()
        deadline = time.monotonic() + elastic_helpers.BUSY
        while len(self.variables['audits']) < 2:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(.1)
        self.assertEqual(expected, self._run(audits))
