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

"""What running guests of elastic servers have, and how that is adjusted.

libvirt passes on what is requested of a guest. Whether the guest complies is
up to its operating system, so it is watched until it does or the time is up.
"""

from nova.virt.libvirt.elastic.limit import get_limit
from nova.virt.libvirt.elastic.limit import set_limit
from nova.virt.libvirt.elastic.live import get_live_details
from nova.virt.libvirt.elastic.live import get_live_size
from nova.virt.libvirt.elastic.live import get_memory_usage
from nova.virt.libvirt.elastic.memory import set_memory_mb
from nova.virt.libvirt.elastic.pins import PinnedGuests
from nova.virt.libvirt.elastic.vcpus import set_vcpus

__all__ = [
    'PinnedGuests',
    'get_limit',
    'get_live_details',
    'get_live_size',
    'get_memory_usage',
    'set_limit',
    'set_memory_mb',
    'set_vcpus',
]
