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

"""Adjusting the vCPUs of a running guest."""

import time

from oslo_log import log as logging

import nova.conf
from nova import exception
from nova.virt.libvirt.elastic import agent
from nova.virt.libvirt.elastic import common

try:
    # It is not needed to import this module, only to use it.
    import libvirt
except ImportError:
    libvirt = None

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

# How long libvirt waits for a guest to release a vCPU, in seconds. A guest
# that needs longer gets this time again before the request is repeated.
UNPLUG_PATIENCE = 5


def set_vcpus(guest, instance, count):
    """Plug or unplug vCPUs of a running guest, and wait until it complies.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :raises: ServerAdjustFailed if it does not comply in time
    """
    with common.hypervisor_errors(instance):
        _VCPUAdjustment(guest, instance, count, CONF.xloud.vcpu_timeout).run()


class _VCPUAdjustment(object):

    def __init__(self, guest, instance, count, timeout):
        self._guest = guest
        self._instance = instance
        self._agent = agent.GuestAgent(guest, instance)
        self._count = count
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._before = self._live = guest.get_vcpus_count()
        self._online = None
        # How many vCPUs the guest had after the last request to unplug some,
        # and when that was.
        self._requested_with = None
        self._requested_at = None

    def run(self):
        if self._count < self._live:
            common.check_not_paused(self._guest)
        is_complete = False
        try:
            is_complete = common.wait_until(self._advance, self._deadline)
        finally:
            if not is_complete:
                # Leave no vCPU offline that the guest still has.
                self._agent.set_online_vcpus(self._live)
        if not is_complete:
            self._fail()

    def _fail(self):
        if self._live > self._count:
            raise exception.ServerAdjustVCPUsNotReleased(
                done=max(self._before - self._live, 0),
                requested=self._before - self._count, timeout=self._timeout)
        raise exception.ServerAdjustVCPUsNotOnline(
            done=min(self._live, self._online or self._live),
            requested=self._count, timeout=self._timeout)

    def _advance(self):
        """Do the next step, and return whether the guest has complied."""
        self._live = self._guest.get_vcpus_count()
        if self._live > self._count:
            self._request_unplug()
        elif self._live < self._count:
            self._guest.set_vcpus(self._count, live=True)
            self._live = self._guest.get_vcpus_count()
        if self._live != self._count:
            return False

        # Many guests leave added vCPUs offline. And those that the agent has
        # taken offline need not be the ones that were unplugged.
        self._online = self._agent.get_online_vcpus()
        if self._online is None or self._online >= self._count:
            return True
        self._agent.set_online_vcpus(self._count)
        return False

    def _request_unplug(self):
        """Request the guest to unplug vCPUs, if it is time to.

        It unplugs them one after another, and libvirt gives up at the first
        one that is not unplugged in time. So the request is repeated when some
        have been unplugged, or after UNPLUG_PATIENCE.
        """
        now = time.monotonic()
        is_first = self._requested_at is None
        if is_first:
            online = self._agent.get_online_vcpus()
            if online is not None and online > self._count:
                self._agent.set_online_vcpus(self._count)
        elif now + UNPLUG_PATIENCE > self._deadline:
            # The deadline would come before the result.
            return
        elif (self._live == self._requested_with and
                now < self._requested_at + UNPLUG_PATIENCE):
            return
        try:
            self._guest.set_vcpus(self._count, live=True)
        except libvirt.libvirtError as ex:
            code = ex.get_error_code()
            if (code == libvirt.VIR_ERR_CONFIG_UNSUPPORTED and
                    'hotpluggable vcpus' in str(ex)):
                raise exception.ServerAdjustNeedsHardReboot()
            # A repeated request for the same vCPU may be an internal error.
            if code != libvirt.VIR_ERR_OPERATION_TIMEOUT and (
                    is_first or code != libvirt.VIR_ERR_INTERNAL_ERROR):
                raise
            LOG.debug('Waiting for the guest to unplug vCPUs: %s', ex,
                      instance=self._instance)
        self._live = self._requested_with = self._guest.get_vcpus_count()
        self._requested_at = time.monotonic()
