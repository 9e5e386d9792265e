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


"""Weigh hosts by how much their elastic servers may still grow.

Hosts that have promised the same amount beyond what their servers have are
equal otherwise, but servers of one that has promised more find it full when
they grow. So an elastic server goes to where the least is promised. All hosts
have the same weight for a server that cannot grow.
"""

import nova.conf
from nova import elastic
from nova.scheduler import utils
from nova.scheduler import weights

CONF = nova.conf.CONF


class ElasticGrowthWeigher(weights.BaseHostWeigher):

    def weight_multiplier(self, host_state):
        """Override the weight multiplier."""
        return utils.get_weight_multiplier(
            host_state, 'xloud_growth_weight_multiplier',
            CONF.xloud.growth_weight_multiplier)

    def _weigh_object(self, host_state, weight_properties):
        """Higher weights win, and spreading is the default."""
        if not elastic.is_elastic(weight_properties.flavor):
            return 0
        capacity = elastic.Size(
            host_state.vcpus_total * host_state.cpu_allocation_ratio,
            host_state.total_usable_ram_mb * host_state.ram_allocation_ratio)
        return -max(promised / total if total else 0 for promised, total in
                    zip(host_state.elastic_growth, capacity))
