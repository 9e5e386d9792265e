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

"""What operators get to see: a real Prometheus, its alerts, the dashboard."""

import math
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from oslo_serialization import jsonutils

import nova
from nova import elastic
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import test_elastic_metrics
from nova.virt import fake

_FILES = os.path.join(
    os.path.dirname(os.path.dirname(nova.__file__)), 'etc', 'nova')

_CONFIGURATION = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [%(rules)s]
scrape_configs:
  - job_name: nova
    static_configs: [targets: ['127.0.0.1:%(port)d']]
"""


class ElasticPrometheusTest(test_elastic_metrics.MetricsTestBase):

    def setUp(self):
        self.program = shutil.which('prometheus')
        if self.program is None:
            self.skipTest('prometheus is missing; it is a package of Debian.')
        super().setUp()
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        configuration = os.path.join(folder, 'prometheus.yml')
        with open(configuration, 'w') as stream:
            stream.write(_CONFIGURATION % {
                'rules': os.path.join(_FILES, 'xloud-alerts.yaml'),
                'port': self.port})
        self.address = '127.0.0.1:%d' % test_elastic_metrics.free_port()
        process = subprocess.Popen(
            [self.program, '--config.file=' + configuration,
             '--storage.tsdb.path=' + os.path.join(folder, 'data'),
             '--web.listen-address=' + self.address],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self._wait_for_scrape()

    def _get(self, path, **query):
        with urllib.request.urlopen('http://%s/api/v1/%s?%s' % (
                self.address, path, urllib.parse.urlencode(query))) as answer:
            return jsonutils.loads(answer.read())['data']

    def _query(self, expression):
        """The values of all series of an expression."""
        return [float(series['value'][1]) for series in
                self._get('query', query=expression)['result']]

    def _wait_for_scrape(self):
        """Wait until what has happened so far has been scraped."""
        now = time.time()
        deadline = now + 2 * elastic_helpers.BUSY
        while True:
            try:
                # The last sample may belong to a scrape before this.
                times = self._query('timestamp(nova_xloud_servers)')
            except (urllib.error.URLError, ConnectionError):
                times = []
            if times and times[0] > now:
                return
            self.assertLess(time.time(), deadline)
            time.sleep(.2)

    def _get_alerts(self):
        """The states of all alerts, by name."""
        return {rule['name']: rule['state']
                for group in self._get('rules')['groups']
                for rule in group['rules']}

    def _let_all_go_wrong(self, server):
        """A server is not granted what it wants, and does not shrink."""
        self._refused(409, server, current_vcpus=4)
        self._adjust(server, MINIMUM)
        # The guest of another one has more than the host has left.
        self._reconcile()

    def test_dashboard_and_alerts(self):
        """Each panel has data, and each alert is raised by what it is for.

        A host of 10 CPUs has a server too many, and one that cannot shrink.
        """
        self._boot(self._create_flavor(vcpu=8, memory_mb=256))
        server, other = self._boot(), self._boot()
        self._adjust(server, elastic.Size(1, 2048))
        self._wait_for_scrape()
        self.assertEqual(
            dict.fromkeys(self._get_alerts(), 'inactive'), self._get_alerts())

        self._break(fake.FakeDriver, 'set_current_memory_mb',
                    RuntimeError('broken'))
        self._let_guest_have(other, elastic.Size(4, 1024))
        self._reconcile()
        self._let_all_go_wrong(server)
        self._wait_for_scrape()
        # A counter that is new has not increased.
        for _time in range(5):
            self._let_all_go_wrong(server)
        self._wait_for_scrape()

        dashboard = os.path.join(_FILES, 'xloud-dashboard.json')
        with open(dashboard, 'rb') as stream:
            panels = jsonutils.load(stream)['panels']
        expressions = [target['expr'].replace('$instance', '.*')
                       for panel in panels for target in panel['targets']]
        self.assertGreaterEqual(len(expressions), len(panels))
        for expression in expressions:
            values = self._query(expression)
            self.assertTrue(values, expression)
            self.assertFalse(any(map(math.isnan, values)), expression)
        # One evaluation more.
        self._wait_for_scrape()
        self._wait_for_scrape()
        self.assertEqual(
            {'NovaXloudExcess': 'pending',
             'NovaXloudDriftWithoutRoom': 'firing',
             'NovaXloudShrinksFail': 'firing',
             'NovaXloudHostFull': 'firing'}, self._get_alerts())
