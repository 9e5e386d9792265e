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

"""The pages of elastic memory."""

import ddt

from nova import objects
from nova import test
from nova.virt import hardware


@ddt.ddt
class TestElasticPages(test.NoDBTestCase):

    @ddt.data(
        ({'minimum_memory': '512'}, {}, hardware.MEMPAGES_SMALL),
        ({'hw:mem_min': '512'}, {}, hardware.MEMPAGES_SMALL),
        ({'minimum_memory': '512'}, {'hw_mem_page_size': 'any'},
         hardware.MEMPAGES_SMALL),
        # Fixed memory can have what the host has.
        ({}, {}, hardware.MEMPAGES_ANY),
        ({'minimum_cpu': '1'}, {}, hardware.MEMPAGES_ANY),
    )
    @ddt.unpack
    def test_any(self, specs, properties, pages):
        """A balloon can give back small pages and no others."""
        topology = hardware.numa_get_constraints(
            objects.Flavor(vcpus=2, memory_mb=1024, extra_specs={
                'hw:mem_page_size': 'any', 'hw:numa_nodes': '1', **specs}),
            objects.ImageMeta(
                properties=objects.ImageMetaProps.from_dict(properties)))
        self.assertEqual([pages], [cell.pagesize for cell in topology.cells])
