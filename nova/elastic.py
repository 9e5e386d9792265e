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

"""Elastic servers: the arithmetic of their flavors and sizes.

A flavor names the maximum a server can have and, in two extra specs, the
minimum it boots with. What a server has now is its *size*; what it comes
back with at its next start is its *start size*, which is recorded only while
it differs. For a flavor without the extra specs all of these are the same.

This module knows no service, so that the API, the scheduler, the compute
manager and the drivers can all ask it.
"""

import re
import typing as ty

import os_resource_classes as orc
from oslo_utils import strutils

from nova.compute import task_states
from nova.compute import vm_states
from nova import exception
from nova.i18n import _

MINIMUM_CPU = 'minimum_cpu'
MINIMUM_MEMORY = 'minimum_memory'

# What a compute must report before it is given an elastic server.
TRAIT = 'CUSTOM_XLOUD_ELASTIC'

# How far from a bound the memory can be that is asked for, and mean the
# bound: dashboards send gigabytes, rounded.
MEMORY_TOLERANCE_MB = 8

# Keys of the instance's system metadata.
_START = ('xloud_start_vcpus', 'xloud_start_memory_mb')
_OLD = ('xloud_old_vcpus', 'xloud_old_memory_mb')
_OLD_START = ('xloud_old_start_vcpus', 'xloud_old_start_memory_mb')

_RESIZING = (*task_states.resizing_states, task_states.RESIZE_REVERTING,
             task_states.RESIZE_CONFIRMING)

_RESOURCE = re.compile(r'resources(?:[a-zA-Z0-9_-]{1,64})?:(.+)')


class Size(ty.NamedTuple):
    """What a server is counted for, under the names Nova has for it."""

    vcpus: int
    memory_mb: int


# Flavors

def _specs(flavor):
    return flavor.get('extra_specs', {}) or {}


def _limit(flavor, name, most):
    """The minimum a flavor asks for, or None if it is not a usable one."""
    try:
        value = int(str(_specs(flavor)[name]))
        return value if 1 <= value <= most else None
    except (KeyError, ValueError):
        return None


def maximum(flavor):
    """The most that a server of this flavor can have."""
    return Size(flavor['vcpus'], flavor['memory_mb'])


def minimum(flavor):
    """What a new server of this flavor boots with."""
    most = maximum(flavor)
    return Size(_limit(flavor, MINIMUM_CPU, most.vcpus) or most.vcpus,
                _limit(flavor, MINIMUM_MEMORY, most.memory_mb) or
                most.memory_mb)


def elastic_resources(flavor):
    """Which fields of its size a server of this flavor can change."""
    specs = _specs(flavor)
    return [
        field for field, name in (('vcpus', MINIMUM_CPU),
                                  ('memory_mb', MINIMUM_MEMORY))
        if name in specs and _limit(flavor, name, flavor[field]) is not None]


def is_elastic(flavor):
    """Whether the flavor names a minimum for anything."""
    return bool(elastic_resources(flavor))


def with_minimum(flavor, size):
    """The flavor as a request for an existing server has it.

    It is a copy whose minimum is what the server has, so that the request
    asks for that.
    """
    if not is_elastic(flavor):
        return flavor
    specs = dict(_specs(flavor))
    for field, name in (('vcpus', MINIMUM_CPU), ('memory_mb', MINIMUM_MEMORY)):
        if field in elastic_resources(flavor):
            specs[name] = str(getattr(size, field))
    flavor = flavor.obj_clone()
    flavor.extra_specs = specs
    return flavor


def counted(flavor, size=None):
    """The flavor as quota and usage count it: with what a server has.

    :param size: The size of an existing server; without it, that of a new
        one.
    """
    if not is_elastic(flavor):
        return flavor
    size = size or minimum(flavor)
    flavor = flavor.obj_clone()
    flavor.vcpus, flavor.memory_mb = size
    return flavor


def shared_vcpus(vcpus, pinned):
    """How many of a server's first vCPUs are not among the pinned ones."""
    return len(set(range(vcpus)) - set(pinned))


def is_ours(name):
    """Whether an extra spec is one of those that make a flavor elastic."""
    return name in (MINIMUM_CPU, MINIMUM_MEMORY)


# What a flavor cannot have

def conflict(flavor, image_meta=None, pci_requests=None, networks=None):
    """Why servers of this flavor cannot be elastic, if there is a reason.

    :param flavor: A Flavor object or dict with its extra specs.
    :param image_meta: The ImageMeta the server is to boot from, if known.
    :param pci_requests: The InstancePCIRequests of the server, if known.
    :param networks: The NetworkRequestList of the server, if known.
    :returns: One sentence, or None if nothing is wrong.
    """
    specs = _specs(flavor)
    most = maximum(flavor)

    for name, bound, unit in ((MINIMUM_CPU, most.vcpus, 'vCPUs'),
                              (MINIMUM_MEMORY, most.memory_mb, 'MiB')):
        if name not in specs:
            continue
        try:
            # As it is read back from the database, where it is a string.
            value = int(str(specs[name]))
        except ValueError:
            return _("%(name)s must be an integer, not '%(value)s'.") % {
                'name': name, 'value': specs[name]}
        if value < 1:
            return _("%(name)s must be at least 1, not %(value)d.") % {
                'name': name, 'value': value}
        if value > bound:
            return _("%(name)s is %(value)d, but the flavor has only "
                     "%(bound)d %(unit)s.") % {
                         'name': name, 'value': value,
                         'bound': bound, 'unit': unit}

    resources = {
        match.group(1) for match in map(_RESOURCE.fullmatch, specs) if match}
    if MINIMUM_CPU in specs and orc.VCPU in resources:
        return _("%(name)s cannot be used with resources:%(other)s, which "
                 "fixes what is allocated.") % {
                     'name': MINIMUM_CPU, 'other': orc.VCPU}
    if MINIMUM_MEMORY not in specs:
        return None
    if orc.MEMORY_MB in resources:
        return _("%(name)s cannot be used with resources:%(other)s, which "
                 "fixes what is allocated.") % {
                     'name': MINIMUM_MEMORY, 'other': orc.MEMORY_MB}
    reason = _what_pins_memory(
        specs, resources, image_meta, pci_requests, networks)
    if reason:
        return _("%(name)s cannot be used with %(reason)s, which pins the "
                 "memory of the guest.") % {
                     'name': MINIMUM_MEMORY, 'reason': reason}


def check(flavor, image_meta=None, pci_requests=None, networks=None):
    """Refuse a flavor whose servers cannot be elastic.

    :raises: InvalidRequest with the sentence that ``conflict`` gives.
    """
    reason = conflict(flavor, image_meta, pci_requests, networks)
    if reason:
        raise exception.InvalidRequest(reason)


def _what_pins_memory(specs, resources, image_meta, pci_requests, networks):
    """The extra spec, image property or device that pins guest memory."""
    properties = image_meta.properties if image_meta else {}

    for source, key in ((specs, 'hw:mem_page_size'),
                        (properties, 'hw_mem_page_size')):
        # Anything but small pages may end up on explicit huge pages.
        value = source.get(key)
        if value and str(value).lower() != 'small':
            return key

    for name in ('locked_memory', 'mem_encryption'):
        for source, key in ((specs, 'hw:' + name), (properties, 'hw_' + name)):
            if strutils.bool_from_string(source.get(key)):
                return key

    if strutils.bool_from_string(specs.get('hw:cpu_realtime')):
        return 'hw:cpu_realtime'

    for key in ('pci_passthrough:alias', 'accel:device_profile', 'hw:pmem'):
        if specs.get(key):
            return key

    for name in sorted(resources):
        if name in (orc.VGPU, orc.PCI_DEVICE, orc.MEM_ENCRYPTION_CONTEXT):
            return 'resources:' + name
        if name.startswith('CUSTOM_PMEM_NAMESPACE_'):
            return 'resources:' + name

    if pci_requests and pci_requests.requests:
        return _('PCI passthrough')

    if any(network.device_profile for network in networks or ()):
        return _('a port with a device profile')


# Servers

def _read(instance, keys):
    """A size from system metadata, or None unless all of it is there."""
    try:
        return Size(*(int(instance.system_metadata[key]) for key in keys))
    except (KeyError, TypeError, ValueError):
        return None


def _write(instance, keys, size):
    for key, value in zip(keys, size or (None, None)):
        if value is None:
            instance.system_metadata.pop(key, None)
        else:
            instance.system_metadata[key] = str(value)


def size(instance):
    """What this server is counted for."""
    if not is_elastic(instance.flavor):
        return maximum(instance.flavor)
    return Size(instance.vcpus, instance.memory_mb)


def start_size(instance):
    """What this server comes back with at its next start."""
    if not is_elastic(instance.flavor):
        return maximum(instance.flavor)
    return _read(instance, _START) or size(instance)


def set_size(instance, size, start=None):
    """Record a server's size, and its start size where that differs.

    The caller saves the instance.
    """
    instance.vcpus, instance.memory_mb = size
    _write(instance, _START, None if start == size else start)


def to_start_size(instance):
    """Let the size follow the start size, as a start of the server does.

    The caller saves the instance.

    :returns: Whether the server has another size now.
    """
    before = size(instance)
    if not is_elastic(instance.flavor) or start_size(instance) == before:
        return False
    set_size(instance, start_size(instance))
    return True


def settled(instance):
    """What a server has to be counted for and start with, by its records.

    That is what they say, within the bounds of its flavor, and a size that
    covers the start size.

    :returns: Its size and its start size.
    """
    least, most = minimum(instance.flavor), maximum(instance.flavor)
    recorded, start = (
        Size(*map(min, most, larger(each, least)))
        for each in (size(instance), start_size(instance)))
    return larger(recorded, start), start


def describe(instance):
    """Tell what a server has and can have, as far as Nova's records say."""
    status = {'elastic': is_elastic(instance.flavor), 'source': 'database',
              'guest_vcpus': None, 'balloon_driver_active': None,
              'attached_dimms_mb': 0, 'has_virtiomem': False}
    for name, amounts in (('current', size(instance)),
                          ('accounted', size(instance)),
                          ('start', start_size(instance)),
                          ('min', minimum(instance.flavor)),
                          ('max', maximum(instance.flavor))):
        status.update(('%s_%s' % (name, field), amount)
                      for field, amount in amounts._asdict().items())
    return status


# Servers whose size is changed while they run

def requested(flavor, vcpus=None, memory_mb=None):
    """What a server of this flavor is asked to have.

    :param vcpus: How many vCPUs, or None to leave them as they are
    :param memory_mb: How much memory, in MiB, or None as well
    :returns: A Size, with None for what is to be left as it is.
    :raises: ServerAdjustInvalid if the flavor does not allow that
    """
    least, most = minimum(flavor), maximum(flavor)
    if memory_mb is not None:
        for bound in (least.memory_mb, most.memory_mb):
            if abs(memory_mb - bound) <= MEMORY_TOLERANCE_MB:
                memory_mb = bound

    size = Size(vcpus, memory_mb)
    units = Size(_('vCPUs'), _('MiB of memory'))
    for field, value, low, high, unit in zip(
            Size._fields, size, least, most, units):
        if value is None or low <= value <= high:
            continue
        if field not in elastic_resources(flavor):
            raise exception.ServerAdjustInvalid(
                reason=_('This server has %(high)d %(unit)s for good: its '
                         'flavor names no minimum.') % {
                             'high': high, 'unit': unit})
        raise exception.ServerAdjustInvalid(
            reason=_('This server can have from %(low)d to %(high)d %(unit)s, '
                     'and not %(value)d.') % {
                         'low': low, 'high': high, 'unit': unit,
                         'value': value})
    return size


def adjusted(instance, asked, persist=True):
    """What a server will be counted for once it has what is asked for.

    :param asked: A Size, with None for what is to be left as it is
    :param persist: Whether it is to start with that as well
    :returns: Its size and its start size.
    """
    before, start = size(instance), start_size(instance)
    after = Size(*(old if new is None else new if persist else max(new, least)
                   for old, new, least in zip(before, asked, start)))
    if persist:
        start = Size(*(old if new is None else new
                       for old, new in zip(start, asked)))
    return after, start


def larger(one, other):
    """What covers both of these sizes."""
    return Size(*map(max, one, other))


def changes(live, asked):
    """In which order to give a guest what is asked for.

    What can fail for want of the guest's help, to give something back, goes
    first; and what is hard to take back, a vCPU, goes last.

    :param live: The Size the guest has
    :param asked: A Size, with None for what is to be left as it is
    :returns: A list of fields of a Size.
    """
    changed = [field for field in ('memory_mb', 'vcpus')
               if getattr(asked, field) not in (None, getattr(live, field))]
    return sorted(changed, key=lambda field: getattr(asked, field) > getattr(
        live, field))


# Servers on their way to another flavor or host

def remember_size(instance):
    """Keep what a server has, for when its resize is reverted.

    The caller saves the instance, here and below.
    """
    # What there may be is of a resize that failed.
    _write(instance, _OLD, None)
    _write(instance, _OLD_START, None)
    if is_elastic(instance.flavor):
        _write(instance, _OLD, size(instance))
        _write(instance, _OLD_START, _read(instance, _START))


def old_size(instance):
    """What a server had before the resize it is in, if that was elastic."""
    # Nova lets a server whose resize failed keep its old flavor.
    in_resize = (instance.vm_state == vm_states.RESIZED or
                 instance.task_state in _RESIZING)
    return (_read(instance, _OLD) if in_resize and instance.old_flavor
            else None)


def sized_in_resize(instance, new_flavor, old_flavor):
    """Both flavors of a resize or its revert, with what goes with them.

    Their minimums are what the server gets and what it has.
    """
    before = old_size(instance)
    if before:
        new_flavor = with_minimum(new_flavor, before)
    return new_flavor, with_minimum(old_flavor, size(instance))


def to_flavor(instance):
    """Give a server that has just got its flavor the size that goes with it.

    That is the size it had if this is the flavor from before its resize, and
    the minimum of the flavor otherwise. A reverted server also keeps that
    size for the start that the revert is; ``forget_size`` brings its start
    size back.
    """
    if instance.old_flavor and instance.old_flavor.id == instance.flavor.id:
        # A host that runs stock Nova kept nothing: there it had the maximum.
        before = old_size(instance) or maximum(instance.flavor)
        _write(instance, _OLD, None)
    else:
        before = minimum(instance.flavor)
    set_size(instance, before)


def forget_size(instance):
    """Drop what ``remember_size`` kept, once a resize is over."""
    if not _read(instance, _OLD) and _read(instance, _OLD_START):
        # The resize was reverted.
        _write(instance, _START, _read(instance, _OLD_START))
    _write(instance, _OLD, None)
    _write(instance, _OLD_START, None)
