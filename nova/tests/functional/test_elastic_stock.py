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

"""Stock Nova reads what the branch has written."""

import os
import sqlite3
import subprocess
import sys
import tarfile

import fixtures
from oslo_serialization import jsonutils

from nova import context as nova_context
from nova.db.api import api as api_db
from nova.db.main import api as main_db
from nova import elastic
from nova import exception
from nova import objects
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional import elastic_stock_reader
from nova.virt import fake


class StockReaderMixin:
    """What the release of which this tree is made reads of the databases."""

    def setUp(self):
        super().setUp()
        self.folder = self.useFixture(fixtures.TempDir()).path
        self.release = self._unpack_release()

    def _unpack_release(self):
        """The release that this tree is made of, which is its first commit."""
        tree = os.path.abspath(__file__).split('/nova/tests/')[0]
        archive = os.path.join(self.folder, 'release.tar')
        done = subprocess.run(
            ['git', '-C', tree, 'archive', '-o', archive, 'HEAD~1', 'nova'],
            capture_output=True, text=True)
        if done.returncode:
            self.skipTest('This tree is no git work tree on top of a '
                          'release: %s' % done.stderr)
        release = os.path.join(self.folder, 'release')
        with tarfile.open(archive) as tar:
            tar.extractall(release)
        self.assertFalse(os.path.exists(
            os.path.join(release, 'nova', 'elastic')))
        return release

    def _dump(self, context_manager, name):
        path = os.path.join(self.folder, name)
        connection = context_manager.writer.get_engine().raw_connection()
        with sqlite3.connect(path) as copy:
            connection.driver_connection.backup(copy)
        return 'sqlite:///' + path

    def _read(self):
        mapping = objects.CellMappingList.get_all(self.ctxt)[-1]
        with nova_context.target_cell(self.ctxt, mapping) as cctxt:
            database = self._dump(
                main_db.get_context_manager(cctxt), 'main.sqlite')
        api_database = self._dump(api_db.context_manager, 'api.sqlite')
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', elastic_stock_reader.__file__,
             database, api_database],
            env=dict(os.environ, PYTHONPATH=self.release),
            cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        return jsonutils.loads(done.stdout)


class StockNovaTest(StockReaderMixin, elastic_helpers.ElasticAdjustTestBase):

    def test_reads_what_was_written(self):
        """Every row and object of servers that were adjusted, or not."""
        some = elastic.Size(2, 1024)
        grown = self._boot()
        self._adjust(grown, GROWN)
        temporary = self._boot()
        self._adjust(temporary, some, persist=False)
        stopped = self._stop_server(self._boot())
        self._adjust(stopped, some)
        failed = self._boot()
        patch = self._break(
            fake.FakeDriver, 'set_current_vcpus',
            exception.ServerAdjustFailed('No.'), times=1)
        self._adjust(failed, some)
        self.notifier.wait_for_versioned_notifications(
            'instance.xloud_adjust.error')
        patch.stop()
        self._delete_server(self._boot())

        records = self._read()
        for server, size, fault in ((grown, GROWN, None),
                                    (temporary, some, None),
                                    (stopped, some, None),
                                    (failed, MINIMUM, 'No.')):
            record = records[server['id']]
            self.assertEqual(
                {**size._asdict(), 'task_state': None, 'fault': fault,
                 'maximum': [4, 4096]},
                {name: record[name] for name in (
                    'vcpus', 'memory_mb', 'task_state', 'fault', 'maximum')})
            # It takes the flavor for what the server needs.
            self.assertEqual([4, 4096], record['request'])
            self.assertIn('xloud_adjust', record['actions'])
            self.assertIn('compute_xloud_adjust', record['events'])
            self.assertIn('xloud_size', record['events'])
        self.assertEqual(8, records['host1']['vcpus'])
