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

import ddt

from nova.compute.elastic import reconcile
from nova import elastic
from nova import test


@ddt.ddt
class ConfirmedSizeTest(test.NoDBTestCase):

    @ddt.data(
        # (accounted, by the last check, by this one, confirmed)
        (1024, 1024, 1024, 1024),
        (1024, 1024, 4000, 1024),
        (1024, 4000, 4000, 4000),
        (1024, 4000, 4001, 4001),
        (1024, 4001, 4000, 4000),
        (1024, 4000, 1024, 1024),
        (3072, 3072, 1024, 3072),
        (3072, 1024, 1024, 1024),
        (3072, 1024, 2048, 2048),
        (3072, 2048, 1024, 2048),
        (3072, 2048, 4096, 3072),
        (3072, 4096, 2048, 3072),
    )
    @ddt.unpack
    def test_memory(self, accounted, previous, current, confirmed):
        """Two checks have to agree on the direction; growth is what it is now,
        and a shrink is what both checks have seen.
        """
        self.assertEqual(
            elastic.Size(2, confirmed),
            reconcile.confirmed_size(
                elastic.Size(2, accounted), elastic.Size(2, previous),
                elastic.Size(2, current)))

    def test_each_resource_on_its_own(self):
        self.assertEqual(
            elastic.Size(4, 1024),
            reconcile.confirmed_size(
                elastic.Size(2, 1024), elastic.Size(3, 1024),
                elastic.Size(4, 4096)))
