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

"""Metrics: what Prometheus reads of the elastic servers on a host."""

import shutil
import socket
import subprocess
import time
from unittest import mock
import urllib.request

from nova import elastic
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake


def free_port():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        return free.getsockname()[1]


class MetricsTestBase(elastic_helpers.ElasticAdjustTestBase):

    def setUp(self):
        self.port = free_port()
        self.flags(metrics_port=self.port, group='xloud')
        super().setUp()
        self.addCleanup(
            self.computes['host1'].manager.elastic.metrics.close)

    def _scrape(self):
        with urllib.request.urlopen(
                'http://127.0.0.1:%d/metrics' % self.port) as answer:
            return answer.read().decode()


class ElasticMetricsTest(MetricsTestBase):

    def assertMetrics(self, **values):
        """These lines are served, less their prefix and their time."""
        lines = self._scrape().splitlines()
        for name, value in values.items():
            self.assertIn('nova_xloud_%s %s' % (name, float(value)), lines)

    def _assertAdjustments(self, outcome, code, change, count):
        line = ('nova_xloud_adjustments_total{change="%s",code="%s",'
                'outcome="%s"} %s' % (change, code, outcome, float(count)))
        # The task of the server ends a moment before.
        for _attempt in range(200):
            lines = self._scrape().splitlines()
            if line in lines:
                return
            time.sleep(.1)
        self.fail('%s is not among %s' % (line, lines))

    def test_adjustments(self):
        """Each is counted once, by its end, and what was accepted is timed."""
        server = self._grown()
        self._adjust(server, MINIMUM)
        self._assertAdjustments('succeeded', '', 'grow', 1)
        self._assertAdjustments('succeeded', '', 'shrink', 1)
        self.assertMetrics(adjustment_accepted_seconds_count=2,
                           adjustment_finished_seconds_count=2)

    def test_refused(self):
        """What the host has no capacity for is counted with its code."""
        flavor = self._elastic_flavor(maximum=elastic.Size(20, 4096))
        server = self._boot(flavor)
        self._refused(409, server, current_vcpus=20)
        text = self._scrape()
        self.assertIn('outcome="refused"', text)
        self.assertNotIn('code=""', text)
        self.assertMetrics(adjustment_accepted_seconds_count=0,
                           adjustment_finished_seconds_count=0)

    def test_failed_shrink(self):
        """A shrink that fails is a failure with its code."""
        server = self._grown()
        self._break(fake.FakeDriver, 'set_current_vcpus',
                    RuntimeError('broken'), times=1)
        self._adjust(server, MINIMUM)
        self._assertAdjustments('failed', 'xloud.host_error', 'shrink', 1)

    def test_return(self):
        """A server that goes back in time is counted, and by no request."""
        server = self._boot()
        self.assertEqual(202, self._post(
            server, current_vcpus=2, for_seconds=1).status)
        self._assertAdjustments('succeeded', '', 'return', 1)
        self._assertAdjustments('succeeded', '', 'grow', 1)
        self.assertMetrics(adjustment_accepted_seconds_count=1,
                           adjustment_finished_seconds_count=2)

    def test_waiting(self):
        """It is counted as it begins to wait, and again as it ends."""
        other = self._boot(self._create_flavor(vcpu=8, memory_mb=256))
        server = self._boot()
        self.assertEqual(202, self._post(
            server, current_vcpus=4, when_full='wait').status)
        self._assertAdjustments('waiting', '', 'grow', 1)
        self.assertMetrics(adjustment_accepted_seconds_count=0,
                           adjustment_finished_seconds_count=0)
        self._delete_server(other)
        self._assertAdjustments('succeeded', '', 'grow', 1)
        self._assertAdjustments('waiting', '', 'grow', 1)
        # How long it has waited is not what the API takes.
        self.assertMetrics(adjustment_accepted_seconds_count=0,
                           adjustment_finished_seconds_count=1)

    def test_sizes(self):
        """Reconciliation sets what servers are promised and have, if any."""
        self._grown()
        self._boot()
        self._reconcile()
        self.assertMetrics(
            servers=2, excess_servers=0, promised_vcpus=8,
            accounted_vcpus=GROWN.vcpus + MINIMUM.vcpus)
        text = self._scrape()
        for name, mb in (('promised', 8192), ('accounted', 4096)):
            value, = (line.split()[1] for line in text.splitlines()
                      if line.startswith('nova_xloud_%s_memory' % name))
            self.assertEqual(mb << 20, float(value))

    def test_drift_without_room(self):
        """A guest with more than its host has is seen by its operator."""
        self._boot(self._create_flavor(vcpu=8, memory_mb=1024))
        server = self._boot()
        self._let_guest_have(server, elastic.Size(4, 1024))
        self.assertMetrics(drift_without_room_total=0)
        self._reconcile()
        self._reconcile()
        self.assertMetrics(drift_without_room_total=1, excess_servers=1)

    def test_no_label_of_servers(self):
        """The number of series does not grow with servers or projects."""
        server = self._grown()
        self._reconcile()
        text = self._scrape()
        self.assertNotIn(server['id'], text)
        self.assertNotIn(self.api.project_id, text)

    def test_promtool(self):
        """Prometheus' own linter finds nothing to complain of."""
        promtool = shutil.which('promtool')
        if promtool is None:
            self.skipTest('promtool is missing; it is in the package '
                          'prometheus of Debian.')
        self._grown()
        self._reconcile()
        linted = subprocess.run(
            [promtool, 'check', 'metrics'], input=self._scrape(),
            capture_output=True, text=True)
        self.assertEqual((0, '', ''), (
            linted.returncode, linted.stdout, linted.stderr))


class ElasticMetricsOffTest(elastic_helpers.ElasticAdjustTestBase):

    def test_off(self):
        """Nobody who has not enabled metrics has a server of them."""
        with mock.patch('socketserver.TCPServer.server_bind') as bind:
            self._restart('host1')
            self._grown()
        bind.assert_not_called()
