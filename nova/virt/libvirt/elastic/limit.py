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

"""How much memory the host lets the process of a guest have.

libvirt puts each process into a control group. One that takes more than the
limit of its group is made to swap, and killed if that does not help. So the
limit is never below what the server is accounted for, nor below what the
process has already.
"""

from lxml import etree
from oslo_log import log as logging
from oslo_utils import units

import nova.conf
from nova.virt.libvirt.elastic import common

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

# What a group is charged for besides the resident memory of its process, such
# as page tables, in KiB.
_CHARGED_BESIDES = 32 * units.Ki


def get_limit(memory_mb, devices):
    """Return the limit for a guest with elastic memory.

    :param memory_mb: What its server is accounted for
    :param devices: The elements of its devices
    :returns: The limit in KiB, or None for none
    """
    overhead = CONF.xloud.memory_limit_overhead
    if overhead is None or any(map(_locks_memory, devices)):
        return None
    return (memory_mb + overhead) * units.Ki


def _locks_memory(device):
    """Whether the memory of a guest is locked for this device.

    libvirt takes the limit at the start of the guest also for how much can be
    locked, and that would never grow.
    """
    return device.tag == 'hostdev' or (
        device.tag == 'interface' and device.get('type') in (
            'hostdev', 'vdpa'))


def set_limit(guest, instance, memory_mb):
    """Limit the memory of a running guest, or end its limit.

    A lower limit is left for later while the process of the guest has more.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :param memory_mb: What its server is accounted for
    """
    with common.hypervisor_errors(instance):
        if guest.get_size_info().state not in common.RUNNING_STATES:
            return
        root = etree.fromstring(guest.get_xml_desc())
        limit = get_limit(memory_mb, root.findall('./devices/*'))
        present = root.findtext('./memtune/hard_limit')
        present = None if present is None else int(present)
        if limit == present:
            return
        if limit is not None and (present is None or limit < present):
            resident = guest.get_memory_stats().get('rss', 0)
            if resident + _CHARGED_BESIDES > limit:
                LOG.info('The process of the guest has %(resident)d KiB, so '
                         'it is not limited to %(limit)d KiB yet.',
                         {'resident': resident, 'limit': limit},
                         instance=instance)
                return
        guest.set_memory_limit(limit)
        LOG.info('The memory limit of the process of the guest is now %s.',
                 'off' if limit is None else '%d KiB' % limit,
                 instance=instance)
