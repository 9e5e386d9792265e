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

"""What a resize remembers of the size of an elastic server.

Whether a server is in a resize depends on its states. No other module of this
package looks at those.
"""

from nova.compute import task_states
from nova.compute import vm_states
from nova.elastic import flavor as flavors
from nova.elastic import pending
from nova.elastic import server

# Keys of the instance's system metadata.
_OLD = ('xloud_old_vcpus', 'xloud_old_memory_mb')
_OLD_START = ('xloud_old_start_vcpus', 'xloud_old_start_memory_mb')

_RESIZING = (*task_states.resizing_states, task_states.RESIZE_REVERTING,
             task_states.RESIZE_CONFIRMING)


def remember_size(instance):
    """Remember the size of a server, in case its resize is reverted.

    The caller saves the instance, here and below.
    """
    # A resize that failed may have left another size.
    server.write_size(instance, _OLD, None)
    server.write_size(instance, _OLD_START, None)
    if flavors.is_elastic(instance.flavor):
        server.write_size(instance, _OLD, server.size(instance))
        server.write_size(
            instance, _OLD_START, server.read_size(instance, server.START))


def old_size(instance):
    """Return the size that an elastic server had before its resize.

    :returns: A Size, or None if it is in no resize or was not elastic
    """
    # A server whose resize failed may still have an old flavor.
    in_resize = instance.old_flavor and (
        instance.vm_state == vm_states.RESIZED or
        instance.task_state in _RESIZING)
    return server.read_size(instance, _OLD) if in_resize else None


def size_on_host(instance, flavor, host):
    """Return what a host has to account for, of a server with this flavor.

    :param flavor: The flavor of the server, or another one of its resize
    :param host: The name of the host, which it may be on its way to or from
    """
    size = None
    old_flavor = instance.old_flavor
    if old_flavor and flavor.id == old_flavor.id and (
            flavor.id != instance.flavor.id or instance.host != host):
        size = old_size(instance)
    if not size and flavor.id == instance.flavor.id:
        size = pending.size_in_move(instance, host)
    return size or flavors.minimum(flavor)


def flavors_in_resize(instance, new_flavor, old_flavor):
    """Return both flavors of a resize or its revert, at their sizes.

    Their minimums are the size that the server gets and the one it has.
    """
    before = old_size(instance)
    if before:
        new_flavor = flavors.flavor_at_size(new_flavor, before)
    return new_flavor, flavors.flavor_at_size(
        old_flavor, server.size(instance))


def set_initial_size(instance):
    """Set the size with which a server begins to have a flavor.

    After a create or a resize that is the minimum of the flavor. After the
    revert of a resize it is the size from before the resize. The guest is
    started with that size, so it is also the start size until ``forget_size``
    restores the start size from before the resize.
    """
    if instance.old_flavor and instance.old_flavor.id == instance.flavor.id:
        # A host with stock Nova remembers no size: there it had the maximum.
        size = start = old_size(instance) or flavors.maximum(instance.flavor)
        server.write_size(instance, _OLD, None)
    else:
        size = start = flavors.minimum(instance.flavor)
    server.set_size(instance, size, start)


def forget_size(instance):
    """Forget what ``remember_size`` wrote, at the end of a resize.

    :returns: What ``forget_stale`` returns
    """
    old_start = server.read_size(instance, _OLD_START)
    if old_start and not server.read_size(instance, _OLD):
        # The resize was reverted.
        server.write_size(instance, server.START, old_start)
    server.write_size(instance, _OLD, None)
    server.write_size(instance, _OLD_START, None)
    return pending.forget_stale(instance)
