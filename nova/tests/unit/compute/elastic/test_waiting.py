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

import fixtures
from oslo_utils.fixture import uuidsentinel as uuids

from nova.compute.elastic import waiting
from nova import elastic
from nova import test
from nova.tests.unit.elastic import fakes


def _waiting(since=1000.5):
    return elastic.Waiting(
        elastic.Size(4, None), True, False, None, 'xloud_adjust', 'req-1',
        since, 5000, 1)


def _instance(uuid=uuids.a, recorded=None):
    instance = fakes.instance((1, 1024))
    instance.uuid = uuid
    elastic.set_pending(instance, elastic.Pending(waiting=recorded))
    return instance


class TestGrants(test.NoDBTestCase):

    def setUp(self):
        super().setUp()
        self.list = waiting.WaitingList()
        self.grants = waiting.Grants('host1', self.list, None, None)
        # What it does then has no part in this.
        self.useFixture(fixtures.MockPatchObject(self.grants, 'wake'))

    def test_note_what_was_read_before(self):
        """What waits already is neither forgotten nor replaced."""
        newer = _waiting(1200.5)
        self.list.put(_instance(), newer)
        for recorded in (None, _waiting()):
            self.grants.note([_instance(uuids.a, recorded)])
            self.assertEqual(newer, self.list.get(uuids.a).waiting)

    def test_note(self):
        self.grants.note([
            _instance(uuids.a, _waiting()), _instance(uuids.b),
            _instance(uuids.c, _waiting())])
        self.grants.wake.assert_called_once_with()
        self.assertCountEqual([uuids.a, uuids.c], self.list.in_order())
