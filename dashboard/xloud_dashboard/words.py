"""What happens to adjustments, in words."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

_AGAIN = _('Adjust the server again in a moment.')
_OPERATOR = _('If it happens again, contact the operator of this cloud.')
_SMALLER = _('Choose a smaller size, or let the adjustment wait until the host has the capacity.')

#: What to do about each reason, by its stable code.
ADVICE = {
    'xloud.not_elastic': _('Resize the server to an elastic flavor.'),
    'xloud.out_of_range': _(
        'Choose a value in this range. For more, resize the server to a larger flavor.'
    ),
    'xloud.timed_shrink': _('Choose a larger size, or one without an end.'),
    'xloud.over_quota': _(
        'Shrink other servers of the project, or ask the operator of this cloud for more quota.'
    ),
    'xloud.not_found': _('The server may have been deleted. Reload the page.'),
    'xloud.locked': _('Unlock the server.'),
    'xloud.not_ready': _('Wait until the server is built, or unshelve it.'),
    'xloud.invalid_state': _('Wait until the other operation has ended, or start the server.'),
    'xloud.stopped': _('Choose a permanent size, or start the server first.'),
    'xloud.paused': _('Resume the server.'),
    'xloud.guest_cannot': _('Shut the server off, adjust it permanently, and start it.'),
    'xloud.below_floor': _('Choose at least that much memory, or end programs in the server.'),
    'xloud.host_full': _SMALLER,
    'xloud.numa_cell_full': _SMALLER,
    'xloud.no_host': _('Choose a smaller size.'),
    'xloud.not_movable': _SMALLER,
    'xloud.not_waiting': _('There is nothing to cancel. The size shows how the adjustment ended.'),
    'xloud.above_host_limit': _(
        'Choose a smaller size, or ask the operator of this cloud to move the server to a larger '
        'host.'
    ),
    'xloud.concurrent_update': _AGAIN,
    'xloud.too_many': _AGAIN,
    'xloud.in_progress': _('Wait until that adjustment has ended.'),
    'xloud.cancelled': _AGAIN,
    'xloud.server_changed': _('Reload the page. If the server still exists, adjust it again.'),
    'xloud.no_guest': _('Hard reboot the server.'),
    'xloud.guest_not_responding': _('If the server does not recover, hard reboot it.'),
    'xloud.not_supported': _('Ask the operator of this cloud to move the server to another host.'),
    'xloud.placement_unavailable': _OPERATOR,
    'xloud.usage_unknown': _AGAIN,
    'xloud.host_down': _OPERATOR,
    'xloud.cell_down': _OPERATOR,
    'xloud.host_not_responding': _OPERATOR,
    'xloud.move_error': _OPERATOR,
    'xloud.outcome_unknown': _('Look at the size of the server later.'),
    'xloud.host_error': _OPERATOR,
    'xloud.guest_timeout': _(
        'Prepare the operating system of the server for adjustments, or choose a smaller change.'
    ),
    'xloud.move_failed': _AGAIN,
    'xloud.wait_expired': _SMALLER,
    'xloud.wait_cancelled': _('Adjust the server again if it should still have that size.'),
    'xloud.replaced': _('The size shows how the later adjustment ended.'),
    'xloud.resized': _('Adjust the server again if the new flavor allows that size.'),
    'xloud.stopped_at_floor': _(
        'End programs in the server and adjust it. Its next start gives the memory back as well.'
    ),
    'xloud.memory_exhausted': _('Choose more memory, or end programs in the server.'),
    'xloud.no_balloon_driver': _(
        'Load virtio_balloon in the server, or install the virtio drivers.'
    ),
    'xloud.no_virtio_mem_driver': _('Load virtio_mem in the server; Linux has it from 5.8 on.'),
    'xloud.memory_not_online': _(
        'Start the kernel of the server with memhp_default_state=online_movable.'
    ),
    'xloud.guest_restarted': _(
        'Adjust the server again. If nobody restarted it, its log may show that it ran out of '
        'memory.'
    ),
    'xloud.guest_paused': _('Contact the operator of this cloud: the hypervisor paused it.'),
    'xloud.needs_hard_reboot': _('Hard reboot the server once.'),
    'xloud.hypervisor_error': _OPERATOR,
    'xloud.interrupted': _AGAIN,
}

#: What the states of an adjustment are called.
STATES = {
    'running': _('Adjusting'),
    'waiting': _('Waiting for capacity'),
    'moving': _('Moving to another host'),
    'succeeded': _('Succeeded'),
    'failed': _('Failed'),
}

#: What would become of an adjustment.
OUTCOMES = {
    'in_place': _('The server will be adjusted at once.'),
    'wait': _('The adjustment will wait until the host of the server has the capacity.'),
    'move': _('The server will be moved to another host by live migration, and adjusted there.'),
    'refused': _('This adjustment will be refused.'),
}

#: What causes a change of a size; other causes are actions of a server, by their names.
CAUSES = {
    'adjustment': _('Adjustment'),
    'create': _('Creation'),
    'drift': _('Found on the host'),
    'reboot': _('Reboot'),
    'resize': _('Resize'),
    'start': _('Start'),
}


def advice(code: str | None) -> str:
    """Return what to do about a reason; nothing for a code that this version does not know."""
    return str(ADVICE.get(code or '', ''))


def vcpus(count: int) -> str:
    """Return a number of vCPUs as text."""
    return ngettext('%d vCPU', '%d vCPUs', count) % count


def memory(amount_mb: int) -> str:
    """Return an amount of memory as text."""
    return gettext('%d MiB') % amount_mb


def size(count: int, memory_mb: int) -> str:
    """Return a size as text."""
    return f'{vcpus(count)}, {memory(memory_mb)}'
