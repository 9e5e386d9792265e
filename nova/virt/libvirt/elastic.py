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

"""What running guests of elastic servers have, and how that changes.

libvirt passes on what a guest is asked for. Whether it complies is up to its
operating system, so it is asked, and then watched until it has done so or the
time is up.
"""

import contextlib
import time

from lxml import etree
from oslo_log import log as logging
from oslo_utils import units

from nova.compute import power_state
import nova.conf
from nova import elastic
from nova import exception
from nova.i18n import _
from nova.virt import driver

try:
    # It is not needed to import this module, only to use it.
    import libvirt
except ImportError:
    libvirt = None

LOG = logging.getLogger(__name__)
CONF = nova.conf.CONF

# How long to wait before looking again at what a guest has, in seconds. Most
# guests are quick; those that are not are looked at ever less often.
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 0.5

# How long libvirt waits for a guest to let a vCPU go, in seconds. One that
# needs longer is left in peace for as long before it is asked again.
UNPLUG_PATIENCE = 5

# The states in which a guest has its vCPUs and memory.
RUNNING_STATES = (
    power_state.RUNNING, power_state.PAUSED, power_state.SUSPENDED)


# What a guest has

def get_live_size(guest, instance):
    """What a guest has now.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :returns: A nova.elastic.Size, or None if the guest is not running
    """
    with _errors_as(exception.InternalError, instance):
        state, vcpus = guest.get_size_info()[:2]
        if state not in RUNNING_STATES:
            return None
        live = dict(vcpus=vcpus)
        resources = elastic.elastic_resources(instance.flavor)
        if 'memory_mb' in resources:
            try:
                live['memory_mb'] = _get_memory_mb(guest)
            except libvirt.libvirtError as ex:
                # It has been stopped meanwhile.
                if ex.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID:
                    raise
                return None
        return elastic.maximum(instance.flavor)._replace(
            **{name: live[name] for name in resources})


def get_memory_usage(guest, instance):
    """Return how a guest uses its memory, as a MemoryUsage."""
    with _errors_as(exception.InternalError, instance):
        stats = guest.get_memory_stats()
        return driver.MemoryUsage(*(
            stats.get(key) and -(-stats[key] // units.Ki)
            for key in ('actual', 'usable', 'rss')))


def get_live_details(guest, instance):
    """What else there is to say of the size of a guest, as a dict."""
    with _errors_as(exception.InternalError, instance):
        is_running = guest.get_size_info()[0] in RUNNING_STATES
        devices = etree.fromstring(guest.get_xml_desc()).findall(
            './devices/memory')
        return {
            'guest_vcpus': GuestAgent(guest, instance).get_online_vcpus(),
            'balloon_driver_active':
                is_running and _is_balloon_driver_active(guest),
            'attached_dimms_mb': sum(
                int(device.findtext('./target/size')) // units.Ki
                for device in devices if device.get('model') == 'dimm'),
            'has_virtiomem': any(
                device.get('model') == 'virtio-mem' for device in devices),
        }


def _get_memory_mb(guest):
    """How much memory a guest has that its balloon does not hold."""
    # What the balloon says is what counts, as libvirt otherwise only knows
    # what it has last been told of it, which may be a second ago.
    memory = guest.get_memory_stats().get('actual')
    if memory is None:
        memory = guest.get_size_info()[2]
    return -(-memory // units.Ki)


def _is_balloon_driver_active(guest):
    """Whether there is anybody in the guest to fill and empty the balloon."""
    stats = guest.get_memory_stats()
    # What is available and unused in the guest only its driver can tell. There
    # are drivers that do not, and then it has changed something or not.
    return bool({'available', 'unused', 'usable'} & set(stats)) or (
        'actual' in stats and stats['actual'] < guest.get_size_info()[3])


class GuestAgent(object):
    """The agent in a guest, if there is one, for as long as it answers."""

    def __init__(self, guest, instance):
        self._guest = guest
        self._instance = instance
        properties = instance.image_meta.properties
        self._answers = (
            properties.get('hw_qemu_guest_agent', False) and
            guest.get_size_info()[0] == power_state.RUNNING)

    def get_online_vcpus(self):
        """How many vCPUs the operating system uses.

        :returns: Their number, or None if nobody can tell
        """
        if not self._answers:
            return None
        try:
            with self._guest.agent_timeout(CONF.xloud.guest_agent_timeout):
                return self._guest.get_vcpus_count(in_guest=True)
        except libvirt.libvirtError as ex:
            # Each further question could take as long.
            self._answers = False
            LOG.debug('The guest agent does not answer: %s', ex,
                      instance=self._instance)
            return None

    def set_online_vcpus(self, count):
        """Have the operating system use so many vCPUs, if it can."""
        if not self._answers:
            return
        try:
            with self._guest.agent_timeout(CONF.xloud.guest_agent_timeout):
                self._guest.set_online_vcpus(count)
        except libvirt.libvirtError as ex:
            LOG.debug('The guest agent has not brought %(count)d vCPUs '
                      'online: %(error)s', {'count': count, 'error': ex},
                      instance=self._instance)


# What a guest is to have

def set_vcpus(guest, instance, count):
    """Let a running guest have so many vCPUs, and wait until it has them.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :raises: ServerAdjustFailed if it does not have them in time
    """
    with _errors_as(exception.ServerAdjustFailed, instance):
        _VCPUChange(guest, instance, count, CONF.xloud.vcpu_timeout).make()


def set_memory_mb(guest, instance, memory_mb):
    """Let a running guest have so much memory, and wait until it has that.

    :param guest: The nova.virt.libvirt.guest.Guest
    :param instance: The nova.objects.Instance it is of
    :raises: ServerAdjustFailed if it does not have that in time
    """
    with _errors_as(exception.ServerAdjustFailed, instance):
        _change_memory_mb(guest, memory_mb, CONF.xloud.memory_timeout)


class _VCPUChange(object):

    def __init__(self, guest, instance, count, timeout):
        self._guest = guest
        self._instance = instance
        self._agent = GuestAgent(guest, instance)
        self._count = count
        self._timeout = timeout
        self._deadline = time.monotonic() + timeout
        self._before = self._live = guest.get_vcpus_count()
        self._online = None
        # How many vCPUs the guest had after it was last asked for some, and
        # when that was.
        self._asked_with = None
        self._asked_at = None

    def make(self):
        if self._count < self._live:
            _check_not_paused(self._guest)
        is_made = False
        try:
            is_made = _wait_until(self._is_made, self._deadline)
        finally:
            if not is_made:
                # What the guest still has is of more use online.
                self._agent.set_online_vcpus(self._live)
        if not is_made:
            self._fail()

    def _fail(self):
        if self._live > self._count:
            raise _failed(
                _("The guest has given back %(done)d of %(asked)d vCPUs after "
                  "%(timeout)d seconds."),
                done=max(self._before - self._live, 0),
                asked=self._before - self._count, timeout=self._timeout)
        raise _failed(
            _("The guest has %(online)d of %(count)d vCPUs online after "
              "%(timeout)d seconds."),
            online=min(self._live, self._online or self._live),
            count=self._count, timeout=self._timeout)

    def _is_made(self):
        self._live = self._guest.get_vcpus_count()
        if self._live > self._count:
            self._ask_for_vcpus()
        elif self._live < self._count:
            self._guest.set_vcpus(self._count, live=True)
            self._live = self._guest.get_vcpus_count()
        if self._live != self._count:
            return False

        # Many guests leave alone what is added to them. Also what the agent
        # has taken offline need not have been the vCPUs that are gone now.
        self._online = self._agent.get_online_vcpus()
        if self._online is None or self._online >= self._count:
            return True
        self._agent.set_online_vcpus(self._count)
        return False

    def _ask_for_vcpus(self):
        """Ask the guest for the vCPUs it is not to have, if it is time to.

        They go one after another, and libvirt leaves it at the first one that
        does not go in time. So the guest is asked again when it has let go
        some, or has had its time.
        """
        now = time.monotonic()
        is_first = self._asked_at is None
        if is_first:
            online = self._agent.get_online_vcpus()
            if online is not None and online > self._count:
                self._agent.set_online_vcpus(self._count)
        elif now + UNPLUG_PATIENCE > self._deadline:
            # Nobody would be there to see what comes of it.
            return
        elif (self._live == self._asked_with and
                now < self._asked_at + UNPLUG_PATIENCE):
            return
        try:
            self._guest.set_vcpus(self._count, live=True)
        except libvirt.libvirtError as ex:
            code = ex.get_error_code()
            if (code == libvirt.VIR_ERR_CONFIG_UNSUPPORTED and
                    'hotpluggable vcpus' in str(ex)):
                raise _failed(
                    _("The guest was defined before elastic servers were "
                      "supported here. It needs a hard reboot before it can "
                      "give back vCPUs."))
            # To ask for a vCPU that it has been asked for already may be an
            # internal error.
            if code != libvirt.VIR_ERR_OPERATION_TIMEOUT and (
                    is_first or code != libvirt.VIR_ERR_INTERNAL_ERROR):
                raise
            LOG.debug('Waiting for the guest to give back vCPUs: %s', ex,
                      instance=self._instance)
        self._live = self._asked_with = self._guest.get_vcpus_count()
        self._asked_at = time.monotonic()


def _change_memory_mb(guest, memory_mb, timeout):
    before = _get_memory_mb(guest)
    if before != memory_mb:
        _check_not_paused(guest)
    # Also a guest that has this much may be on its way to something else.
    guest.set_memory(memory_mb * units.Ki, live=True)
    # Guests count in pages, and what is not a whole MiB counts as one.
    if _wait_until(lambda: _get_memory_mb(guest) == memory_mb,
                   time.monotonic() + timeout):
        return

    now = _get_memory_mb(guest)
    if now == before and not _is_balloon_driver_active(guest):
        raise _failed(
            _("The guest has no active balloon driver. It still has "
              "%(now)d MiB after %(timeout)d seconds."),
            now=now, timeout=timeout)
    if memory_mb < before:
        message = _("The guest has given back %(done)d of %(asked)d MiB after "
                    "%(timeout)d seconds.")
    else:
        message = _("The guest has taken %(done)d of %(asked)d MiB after "
                    "%(timeout)d seconds.")
    towards = 1 if memory_mb > before else -1
    raise _failed(message, done=max((now - before) * towards, 0),
                  asked=abs(memory_mb - before), timeout=timeout)


def _check_not_paused(guest):
    state = guest.get_size_info()[0]
    if state in RUNNING_STATES and state != power_state.RUNNING:
        # It would do as it is told when it goes on, whoever knows when.
        raise _failed(_("The guest is paused. It can neither give back vCPUs "
                        "nor change its memory."))


def _wait_until(is_done, deadline):
    """Look again and again.

    :returns: Whether it is done, before time is up
    """
    pause = FIRST_PAUSE
    while not is_done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    return True


def _failed(message, **kwargs):
    return exception.ServerAdjustFailed(message % kwargs)


@contextlib.contextmanager
def _errors_as(error, instance):
    """Raise an exception of Nova's in place of one of libvirt's."""
    try:
        yield
    except libvirt.libvirtError as ex:
        if ex.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        raise error(_("Error from libvirt: %s") % ex)
