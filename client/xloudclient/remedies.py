"""What to do about the reasons that Nova gives, by their codes.

These are the words of Nova's API reference; a test compares them.
"""

from __future__ import annotations

REMEDIES = {
    'xloud.not_elastic': 'Resize the server to an elastic flavor.',
    'xloud.out_of_range': (
        'Request a value in this range. For more, resize the server to a larger flavor.'
    ),
    'xloud.timed_shrink': 'Request a larger size, or leave out for_seconds.',
    'xloud.over_quota': 'Raise the quota of the project, or shrink other servers of it.',
    'xloud.not_found': 'Check the ID and the project.',
    'xloud.locked': 'Unlock the server. Administrators can adjust a locked server.',
    'xloud.not_ready': 'The server is not on a host. Wait until it is built, or unshelve it.',
    'xloud.invalid_state': (
        'Another operation is in progress, or the server is not ACTIVE, PAUSED or SHUTOFF. '
        'Wait, or change its state.'
    ),
    'xloud.stopped': 'Set persist to true, or start the server first.',
    'xloud.paused': 'Unpause the server.',
    'xloud.guest_cannot': (
        'Stop the server, adjust it, and start it. A size for a limited time has to be given '
        'back while the server runs.'
    ),
    'xloud.below_floor': (
        'Request at least this floor, or stop programs in the guest. Administrators can go '
        'below it with force, which may kill the guest.'
    ),
    'xloud.host_full': (
        'Request less, let it wait or the server move with when_full, or have another server '
        'live migrated.'
    ),
    'xloud.numa_cell_full': (
        'The host may have capacity in another cell, which the server cannot use. Request less, '
        'let it wait or the server move with when_full, or have another server live migrated.'
    ),
    'xloud.no_host': (
        'Request less, or add capacity. Hosts that a live migration would not choose do not count.'
    ),
    'xloud.not_movable': 'Request less, wait for capacity, or change what the message says.',
    'xloud.not_waiting': 'There is nothing to cancel. The status shows how the adjustment went.',
    'xloud.above_host_limit': (
        "The limit is the max_unit of the host's inventory, or what the cell has in all. Have "
        'the server migrated to a larger host.'
    ),
    'xloud.concurrent_update': 'Request the adjustment again.',
    'xloud.too_many': (
        'Request the adjustment again. The limit is the option [xloud] '
        'max_concurrent_adjustments of the host.'
    ),
    'xloud.in_progress': (
        'The state of the server was reset during an adjustment. Wait until the host has '
        'completed that adjustment.'
    ),
    'xloud.cancelled': 'The state of the server was reset. Request the adjustment again.',
    'xloud.server_changed': 'If the server still exists, request the adjustment again.',
    'xloud.no_guest': 'Hard reboot the server, which creates its guest again.',
    'xloud.guest_not_responding': (
        'Its QEMU process may hang, for instance on its storage. If it does not recover, hard '
        'reboot the server.'
    ),
    'xloud.not_supported': (
        'Upgrade the host, or have the server migrated to an upgraded one. Upgrade all '
        'conductors before you use when_full: move.'
    ),
    'xloud.placement_unavailable': 'Restore the placement service.',
    'xloud.usage_unknown': 'Check that placement, the identity service and all cells respond.',
    'xloud.host_down': 'Restore the compute service.',
    'xloud.cell_down': 'Restore the database of the cell.',
    'xloud.host_not_responding': 'Check the message queue and the log of nova-compute.',
    'xloud.move_error': 'The log has the cause.',
    'xloud.outcome_unknown': 'The status of the server shows the result.',
    'xloud.host_error': 'The log has the cause.',
    'xloud.guest_timeout': (
        'Prepare the guest, or request a smaller change. If it only needs longer, raise [xloud] '
        'vcpu_timeout or memory_timeout.'
    ),
    'xloud.move_failed': 'Request it again. The log of nova-compute on the old host has the cause.',
    'xloud.wait_expired': 'Request it again, request less, or ask the operator to move the server.',
    'xloud.wait_cancelled': 'Request it again if the server should still have that size.',
    'xloud.replaced': 'Look at the status for the later one.',
    'xloud.resized': 'Request it again if the new flavor allows that size.',
    'xloud.stopped_at_floor': (
        'Stop programs in the server and adjust it. Its next start gives the memory back as well.'
    ),
    'xloud.memory_exhausted': 'Request more memory, or stop programs in the guest.',
    'xloud.no_balloon_driver': 'Load virtio_balloon in the guest, or install the virtio drivers.',
    'xloud.no_virtio_mem_driver': 'Load virtio_mem in the guest; Linux has it from 5.8 on.',
    'xloud.memory_not_online': (
        'Install xloud-guest in the guest and run xloud-guest apply, or boot it with '
        'memhp_default_state=online_movable.'
    ),
    'xloud.guest_restarted': (
        'Request the adjustment again. If nobody restarted it, look in its console log for a '
        'kernel that ran out of memory.'
    ),
    'xloud.guest_paused': (
        'The hypervisor has paused it, for instance after an I/O error. Resolve that first.'
    ),
    'xloud.needs_hard_reboot': 'Hard reboot the server once.',
    'xloud.hypervisor_error': 'The log has the error of libvirt.',
    'xloud.interrupted': 'Request the adjustment again.',
}


def remedy(code: str | None) -> str | None:
    """Return what to do about a reason, or None if its code is not known."""
    return REMEDIES.get(code) if code else None
