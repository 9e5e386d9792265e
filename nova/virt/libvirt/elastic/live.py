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

"""What a running guest has."""

import time

from lxml import etree
from oslo_utils import units

import nova.conf
from nova import elastic
from nova import exception
from nova.virt import driver
from nova.virt.libvirt.elastic import agent
from nova.virt.libvirt.elastic import common

try:
    # It is not needed to import this module, only to use it.
    import libvirt
except ImportError:
    libvirt = None

CONF = nova.conf.CONF

# A guest that is busy misses some reports of its statistics. After this many
# periods they are too old to say what it uses now.
MISSED_PERIODS = 3


def get_live_size(guest, instance):
    """Return what a guest has now, without a question to its monitor.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :returns: A nova.elastic.Size, or None if the guest is not running. The
        memory may be a second old: QEMU sends events of its balloon no more
        often. With virtio-mem it is what the guest may have.
    """
    with _query_errors(instance):
        info = guest.get_size_info()
    if info.state not in common.RUNNING_STATES:
        return None
    memory = info.memory
    if elastic.virtio_mem(instance.flavor):
        with _query_errors(instance):
            plugged = guest.get_virtio_mem()
        if plugged:
            # It may plug what is requested whenever it likes. While it boots
            # it has nothing plugged.
            memory = plugged.boot + max(plugged.requested, plugged.plugged)
    live = elastic.Size(info.vcpus, to_mb(memory))
    return elastic.maximum(instance.flavor)._replace(
        **{name: getattr(live, name)
           for name in elastic.elastic_resources(instance.flavor)})


def get_memory_usage(guest, instance):
    """Return how a guest uses its memory, as its monitor reports it.

    :returns: A nova.virt.driver.MemoryUsage
    """
    with _query_errors(instance):
        try:
            stats = guest.get_memory_stats()
        except libvirt.libvirtError as ex:
            if ex.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID:
                raise
            return driver.MemoryUsage(None, None, None)
        actual_mb = _get_actual_mb(guest, instance, stats)
    usable = stats.get('usable')
    period = max(CONF.libvirt.mem_stats_period_seconds, 1)
    if time.time() - stats.get('last_update', 0) > MISSED_PERIODS * period:
        usable = None
    host = stats.get('rss')
    return driver.MemoryUsage(
        actual_mb=actual_mb,
        usable_mb=None if usable is None else usable // units.Ki,
        host_mb=None if host is None else to_mb(host))


def _get_actual_mb(guest, instance, stats):
    plugged = (elastic.virtio_mem(instance.flavor) and
               guest.get_virtio_mem())
    return (get_plugged_mb(plugged) if plugged else
            get_memory_mb(guest, stats))


def get_live_details(guest, instance):
    """Return what else a guest and its agent report about its size."""
    with _query_errors(instance):
        is_running = guest.get_size_info().state in common.RUNNING_STATES
        devices = etree.fromstring(guest.get_xml_desc()).findall(
            './devices/memory')
        return {
            'guest_vcpus':
                agent.GuestAgent(guest, instance).get_online_vcpus(),
            'balloon_driver_active':
                is_running and is_balloon_driver_active(guest),
            'attached_dimms_mb': sum(
                int(device.findtext('./target/size')) // units.Ki
                for device in devices if device.get('model') == 'dimm'),
            'has_virtiomem': any(
                device.get('model') == 'virtio-mem' for device in devices),
        }


def get_plugged_mb(memory):
    """Return what a guest with virtio-mem has.

    :param memory: The nova.virt.libvirt.guest.VirtioMemSize
    """
    return to_mb(memory.boot + memory.plugged)


def get_memory_mb(guest, stats):
    """Return the memory that the balloon of a guest does not hold.

    :param stats: The memory statistics of the guest. They are current; what
        libvirt knows from events may be a second old.
    """
    memory = stats.get('actual')
    return to_mb(guest.get_size_info().memory if memory is None else memory)


def is_balloon_driver_active(guest):
    stats = guest.get_memory_stats()
    # Only the driver reports what is available and unused in the guest. Some
    # drivers do not; but then the memory has changed from its maximum.
    if {'available', 'unused', 'usable'} & set(stats):
        return True
    plugged = guest.get_virtio_mem()
    maximum = plugged.boot if plugged else guest.get_size_info().max_memory
    return 'actual' in stats and stats['actual'] < maximum


def _query_errors(instance):
    return common.hypervisor_errors(
        instance, exception.ServerAdjustGuestNotResponding)


def to_mb(memory):
    """Convert KiB to MiB: a part of a MiB counts as a whole one."""
    return -(-memory // units.Ki)
