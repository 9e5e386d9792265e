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

"""What adjustments of vCPUs and of memory have in common."""

import contextlib
import time

from oslo_log import log as logging

from nova.compute import power_state
from nova import exception

try:
    # It is not needed to import this module, only to use it.
    import libvirt
except ImportError:
    libvirt = None

LOG = logging.getLogger(__name__)

# How long to wait before looking again at what a guest has, in seconds. Most
# guests are quick. The pauses grow for those that are not.
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.5

# The states in which a guest has its vCPUs and memory.
RUNNING_STATES = (
    power_state.RUNNING, power_state.PAUSED, power_state.SUSPENDED)


def check_not_paused(guest):
    """Refuse what a guest cannot do while it is paused.

    It would comply when it runs again, however late that is.

    :raises: ServerAdjustGuestPaused
    """
    state = guest.get_size_info().state
    if state in RUNNING_STATES and state != power_state.RUNNING:
        raise exception.ServerAdjustGuestPaused()


def wait_until(advance, deadline, wait=None):
    """Take one step after another until the last one or the deadline.

    :param advance: A function that takes a step, and returns whether that was
        the last one
    :param deadline: A time, in seconds of time.monotonic
    :param wait: A function that waits for so many seconds, or until there is
        something to see
    :returns: Whether the last step was taken
    """
    pause = FIRST_PAUSE
    while not advance():
        if time.monotonic() >= deadline:
            return False
        (wait or time.sleep)(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return True


@contextlib.contextmanager
def hypervisor_errors(instance, error=exception.ServerAdjustHypervisorError):
    """Raise exceptions of Nova's in place of those of libvirt.

    The text of libvirt may have paths and cgroups of the host, so it goes to
    the log alone.

    :param error: What to raise if the guest exists
    """
    try:
        yield
    except libvirt.libvirtError as ex:
        if ex.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        LOG.error('Error from libvirt: %s', ex, instance=instance)
        raise error()
