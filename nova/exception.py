"""Why a server was not adjusted, a class and a sentence for each reason."""

from nova import i18n


class EphemeralEncryptionCleanupFailed(NovaException):
    ...


# Error codes are part of the API and do not change. Those of elastic servers
# begin with "xloud.".
class ServerAdjustInvalid(Invalid):
    """An adjustment that the flavor of the server does not allow."""
    msg_fmt = _("The flavor of the server does not allow that size.")
    error_code = 'xloud.invalid'


class ServerAdjustVCPUsFixed(ServerAdjustInvalid):
    msg_fmt = _("The number of vCPUs of this server is fixed at %(current)d: "
                "its flavor does not set minimum_cpu.")
    error_code = 'xloud.not_elastic'


class ServerAdjustMemoryFixed(ServerAdjustInvalid):
    msg_fmt = _("The memory of this server is fixed at %(current)d MiB: its "
                "flavor does not set minimum_memory.")
    error_code = 'xloud.not_elastic'


class ServerAdjustVCPUsOutOfRange(ServerAdjustInvalid):
    msg_fmt = i18n.PluralFormat(
        'requested',
        "This server can have %(minimum)d to %(maximum)d vCPUs; "
        "%(requested)d was requested.",
        "This server can have %(minimum)d to %(maximum)d vCPUs; "
        "%(requested)d were requested.")
    error_code = 'xloud.out_of_range'


class ServerAdjustMemoryOutOfRange(ServerAdjustInvalid):
    msg_fmt = _("This server can have %(minimum)d to %(maximum)d MiB of "
                "memory; %(requested)d MiB were requested.")
    error_code = 'xloud.out_of_range'


class ServerAdjustTimedShrink(ServerAdjustInvalid):
    msg_fmt = _("A size for a limited time cannot be below the size that the "
                "server goes back to.")
    error_code = 'xloud.timed_shrink'


class ServerAdjustConflict(NovaException):
    """An adjustment that the server or its host does not allow now."""
    msg_fmt = _("The server cannot be adjusted in its present state.")
    code = 409
    error_code = 'xloud.conflict'


class ServerAdjustHostFull(ServerAdjustConflict):
    msg_fmt = _("The host does not have enough capacity.")
    error_code = 'xloud.host_full'


class ServerAdjustHostLacksVCPUs(ServerAdjustHostFull):
    msg_fmt = i18n.PluralFormat(
        'available',
        "Its host has %(available)d vCPU available; the request needs "
        "%(requested)d more.",
        "Its host has %(available)d vCPUs available; the request needs "
        "%(requested)d more.")


class ServerAdjustHostLacksMemory(ServerAdjustHostFull):
    msg_fmt = _("Its host has %(available)d MiB of memory available; the "
                "request needs %(requested)d MiB more.")


class ServerAdjustHostLacksDedicatedCPUs(ServerAdjustHostFull):
    msg_fmt = i18n.PluralFormat(
        'available',
        "Its host has %(available)d dedicated CPU available; the request "
        "needs %(requested)d more.",
        "Its host has %(available)d dedicated CPUs available; the request "
        "needs %(requested)d more.")


class ServerAdjustNUMACellFull(ServerAdjustHostFull):
    msg_fmt = _("A NUMA cell of the host does not have enough capacity.")
    error_code = 'xloud.numa_cell_full'


class ServerAdjustNUMACellLacksVCPUs(ServerAdjustNUMACellFull):
    msg_fmt = i18n.PluralFormat(
        'available',
        "NUMA cell %(cell)d of its host has %(available)d vCPU available; the "
        "request needs %(requested)d more there.",
        "NUMA cell %(cell)d of its host has %(available)d vCPUs available; "
        "the request needs %(requested)d more there.")


class ServerAdjustNUMACellLacksDedicatedCPUs(ServerAdjustNUMACellFull):
    msg_fmt = i18n.PluralFormat(
        'available',
        "NUMA cell %(cell)d of its host has %(available)d dedicated CPU "
        "available; the request needs %(requested)d more there.",
        "NUMA cell %(cell)d of its host has %(available)d dedicated CPUs "
        "available; the request needs %(requested)d more there.")


class ServerAdjustNUMACellLacksMemory(ServerAdjustNUMACellFull):
    msg_fmt = _("NUMA cell %(cell)d of its host has %(available)d MiB of "
                "memory available; the request needs %(requested)d MiB more "
                "there.")


class ServerAdjustOthersWait(ServerAdjustHostFull):
    msg_fmt = _("Other servers have been waiting for the capacity of the host "
                "for longer.")


class ServerAdjustNotWaiting(ServerAdjustConflict):
    msg_fmt = _("No adjustment of this server waits for capacity.")
    error_code = 'xloud.not_waiting'


class ServerAdjustAboveHostLimit(ServerAdjustConflict):
    msg_fmt = _("Its host does not allow a single server to have that much.")
    error_code = 'xloud.above_host_limit'


class ServerAdjustVCPUsAboveHostLimit(ServerAdjustAboveHostLimit):
    msg_fmt = i18n.PluralFormat(
        'allowed',
        "Its host allows at most %(allowed)d vCPU per server; %(requested)d "
        "were requested.",
        "Its host allows at most %(allowed)d vCPUs per server; %(requested)d "
        "were requested.")


class ServerAdjustMemoryAboveHostLimit(ServerAdjustAboveHostLimit):
    msg_fmt = _("Its host allows at most %(allowed)d MiB of memory per "
                "server; %(requested)d MiB were requested.")


class ServerAdjustDedicatedCPUsAboveHostLimit(ServerAdjustAboveHostLimit):
    msg_fmt = i18n.PluralFormat(
        'allowed',
        "Its host allows at most %(allowed)d dedicated CPU per server; "
        "%(requested)d were requested.",
        "Its host allows at most %(allowed)d dedicated CPUs per server; "
        "%(requested)d were requested.")


class ServerAdjustDedicatedCPUsAboveNUMACellLimit(ServerAdjustAboveHostLimit):
    msg_fmt = i18n.PluralFormat(
        'allowed',
        "NUMA cell %(cell)d of its host allows at most %(allowed)d dedicated "
        "CPU per server; %(requested)d were requested there.",
        "NUMA cell %(cell)d of its host allows at most %(allowed)d dedicated "
        "CPUs per server; %(requested)d were requested there.")


class ServerAdjustVCPUsAboveNUMACellLimit(ServerAdjustAboveHostLimit):
    msg_fmt = i18n.PluralFormat(
        'allowed',
        "NUMA cell %(cell)d of its host allows at most %(allowed)d vCPU per "
        "server; %(requested)d were requested there.",
        "NUMA cell %(cell)d of its host allows at most %(allowed)d vCPUs per "
        "server; %(requested)d were requested there.")


class ServerAdjustMemoryAboveNUMACellLimit(ServerAdjustAboveHostLimit):
    msg_fmt = _("NUMA cell %(cell)d of its host allows at most %(allowed)d "
                "MiB of memory per server; %(requested)d MiB were requested "
                "there.")


class ServerAdjustNoHost(ServerAdjustConflict):
    msg_fmt = _("Neither the host of the server nor any other one has the "
                "capacity for the requested size.")
    error_code = 'xloud.no_host'


class ServerAdjustNotMovable(ServerAdjustConflict):
    msg_fmt = _("The host does not have enough capacity, and the server "
                "cannot be moved to another one: %(reason)s")
    error_code = 'xloud.not_movable'


class ServerAdjustConcurrentUpdate(ServerAdjustConflict):
    msg_fmt = _("Too many concurrent updates of the host's allocations. Try "
                "again later.")
    error_code = 'xloud.concurrent_update'


class ServerAdjustHostBusy(ServerAdjustConflict):
    msg_fmt = _("Too many adjustments are in progress on the host. Try again "
                "later.")
    error_code = 'xloud.too_many'


class ServerAdjustInProgress(ServerAdjustConflict):
    msg_fmt = _("The previous adjustment is still in progress on the host.")
    error_code = 'xloud.in_progress'


class ServerAdjustCancelled(ServerAdjustConflict):
    msg_fmt = _("The adjustment was cancelled before the host accepted it.")
    error_code = 'xloud.cancelled'


class ServerAdjustServerChanged(ServerAdjustConflict):
    msg_fmt = _("The server was deleted or its state was reset during the "
                "adjustment.")
    error_code = 'xloud.server_changed'


class ServerAdjustNoGuest(ServerAdjustConflict):
    msg_fmt = _("The server has no guest on its host. Hard reboot the "
                "server.")
    error_code = 'xloud.no_guest'


class ServerAdjustGuestNotResponding(ServerAdjustConflict):
    msg_fmt = _("The hypervisor did not respond for the guest of this "
                "server.")
    error_code = 'xloud.guest_not_responding'


class ServerAdjustVCPUsFixedByImage(ServerAdjustConflict):
    msg_fmt = _("The image of this server declares that its number of vCPUs "
                "cannot change while it runs (os_elastic_vcpus).")
    error_code = 'xloud.guest_cannot'


class ServerAdjustVCPUsOnlyGrow(ServerAdjustConflict):
    msg_fmt = _("The image of this server declares that it cannot give back "
                "vCPUs while it runs (os_elastic_vcpus).")
    error_code = 'xloud.guest_cannot'


class ServerAdjustMemoryFixedByImage(ServerAdjustConflict):
    msg_fmt = _("The image of this server declares that its memory cannot "
                "change in the way of its flavor while it runs "
                "(os_elastic_memory).")
    error_code = 'xloud.guest_cannot'


class ServerAdjustBelowFloor(ServerAdjustConflict):
    msg_fmt = _("The guest needs at least %(floor)d MiB; %(requested)d MiB "
                "were requested.")
    error_code = 'xloud.below_floor'


class ServerAdjustStopped(ServerAdjustConflict):
    msg_fmt = _("A stopped server can be adjusted only with persist=true.")
    error_code = 'xloud.stopped'


class ServerAdjustPaused(ServerAdjustConflict):
    msg_fmt = _("Only vCPUs can be added to a paused server. Unpause it for "
                "other changes.")
    error_code = 'xloud.paused'


class ServerAdjustNotSupported(ServerAdjustConflict):
    msg_fmt = _("The host runs a version of Nova that cannot adjust servers.")
    error_code = 'xloud.not_supported'


class ServerAdjustMoveNotSupported(ServerAdjustNotSupported):
    msg_fmt = _("The conductor runs a version of Nova that cannot move "
                "servers to adjust them.")


class ServerAdjustUnavailable(NovaException):
    """An adjustment for which a service is not available."""
    msg_fmt = _("The server cannot be adjusted now. Try again later.")
    code = 503
    error_code = 'xloud.unavailable'


class ServerAdjustPlacementUnavailable(ServerAdjustUnavailable):
    msg_fmt = _("The placement service is not responding.")
    error_code = 'xloud.placement_unavailable'


class ServerAdjustUsageUnknown(ServerAdjustUnavailable):
    msg_fmt = _("The usage of the project could not be determined. Try again "
                "later.")
    error_code = 'xloud.usage_unknown'


class ServerAdjustHostDown(ServerAdjustUnavailable):
    msg_fmt = _("The compute service of the host is down.")
    error_code = 'xloud.host_down'


class ServerAdjustCellDown(ServerAdjustUnavailable):
    msg_fmt = _("The cell of the server is not responding. Try again later.")
    error_code = 'xloud.cell_down'


class ServerAdjustHostNotResponding(ServerAdjustUnavailable):
    msg_fmt = _("The host did not respond.")
    error_code = 'xloud.host_not_responding'


class ServerAdjustHostError(ServerAdjustUnavailable):
    msg_fmt = _("The host could not adjust the server. See the log of "
                "nova-compute.")
    error_code = 'xloud.host_error'


class ServerAdjustMoveError(ServerAdjustUnavailable):
    msg_fmt = _("The server could not be moved to another host. See the log "
                "of nova-conductor.")
    error_code = 'xloud.move_error'


class ServerAdjustOutcomeUnknown(ServerAdjustUnavailable):
    msg_fmt = _("The host did not respond in time but has accepted the "
                "adjustment. Check its status later.")
    error_code = 'xloud.outcome_unknown'


class ServerAdjustFailed(NovaException):
    """An adjustment that failed after it had been accepted."""
    msg_fmt = _("The host could not adjust the server. See the log of "
                "nova-compute.")
    error_code = 'xloud.host_error'


class ServerAdjustInterrupted(ServerAdjustFailed):
    msg_fmt = _("nova-compute stopped before the adjustment was complete.")
    error_code = 'xloud.interrupted'


class ServerAdjustWaitExpired(ServerAdjustFailed):
    msg_fmt = _("The host did not have enough capacity in time.")
    error_code = 'xloud.wait_expired'


class ServerAdjustWaitCancelled(ServerAdjustFailed):
    msg_fmt = _("The adjustment was cancelled while it waited.")
    error_code = 'xloud.wait_cancelled'


class ServerAdjustReplaced(ServerAdjustFailed):
    msg_fmt = _("A later adjustment has replaced this one, which waited for "
                "capacity.")
    error_code = 'xloud.replaced'


class ServerAdjustResized(ServerAdjustFailed):
    msg_fmt = _("A resize to another flavor has replaced this adjustment, "
                "which waited.")
    error_code = 'xloud.resized'


class ServerAdjustMoveFailed(ServerAdjustFailed):
    msg_fmt = _("The live migration to a host with enough capacity failed.")
    error_code = 'xloud.move_failed'


class ServerAdjustHypervisorError(ServerAdjustFailed):
    msg_fmt = _("The hypervisor refused the adjustment. See the log of "
                "nova-compute.")
    error_code = 'xloud.hypervisor_error'


class ServerAdjustGuestRestarted(ServerAdjustFailed):
    msg_fmt = _("The guest was restarted during the adjustment.")
    error_code = 'xloud.guest_restarted'


class ServerAdjustMemoryExhausted(ServerAdjustFailed):
    msg_fmt = _("The guest ran out of usable memory before it had given back "
                "what was requested. Its memory was put back.")
    error_code = 'xloud.memory_exhausted'


class ServerAdjustStoppedAtFloor(ServerAdjustFailed):
    msg_fmt = _("The time of the requested size is over. The server keeps "
                "%(floor)d MiB instead of %(requested)d MiB, since its guest "
                "needs that much.")
    error_code = 'xloud.stopped_at_floor'


class ServerAdjustGuestPaused(ServerAdjustFailed):
    msg_fmt = _("The guest is paused. It can neither give back vCPUs nor "
                "change its memory.")
    error_code = 'xloud.guest_paused'


class ServerAdjustNeedsHardReboot(ServerAdjustFailed):
    msg_fmt = _("The guest was defined before its host supported elastic "
                "servers. Hard reboot the server before it gives back vCPUs.")
    error_code = 'xloud.needs_hard_reboot'


class ServerAdjustNoVirtioMemDriver(ServerAdjustFailed):
    msg_fmt = _("The guest has no active driver for virtio-mem. It still has "
                "%(current)d MiB after %(timeout)d seconds.")
    error_code = 'xloud.no_virtio_mem_driver'


class ServerAdjustMemoryNotOnline(ServerAdjustFailed):
    msg_fmt = _("The guest does not use the memory that it was given: it was "
                "not brought online in %(timeout)d seconds.")
    error_code = 'xloud.memory_not_online'


class ServerAdjustNoBalloonDriver(ServerAdjustFailed):
    msg_fmt = _("The guest has no active balloon driver. It still has "
                "%(current)d MiB after %(timeout)d seconds.")
    error_code = 'xloud.no_balloon_driver'


class ServerAdjustGuestTimeout(ServerAdjustFailed):
    msg_fmt = _("The guest did not complete the adjustment in %(timeout)d "
                "seconds.")
    error_code = 'xloud.guest_timeout'


class ServerAdjustVCPUsNotReleased(ServerAdjustGuestTimeout):
    msg_fmt = i18n.PluralFormat(
        'requested',
        "The guest has given back %(done)d of %(requested)d vCPU after "
        "%(timeout)d seconds.",
        "The guest has given back %(done)d of %(requested)d vCPUs after "
        "%(timeout)d seconds.")


class ServerAdjustVCPUsNotOnline(ServerAdjustGuestTimeout):
    msg_fmt = i18n.PluralFormat(
        'requested',
        "The guest has %(done)d of %(requested)d vCPU online after "
        "%(timeout)d seconds.",
        "The guest has %(done)d of %(requested)d vCPUs online after "
        "%(timeout)d seconds.")


class ServerAdjustMemoryNotReleased(ServerAdjustGuestTimeout):
    msg_fmt = _("The guest has given back %(done)d of %(requested)d MiB after "
                "%(timeout)d seconds.")


class ServerAdjustMemoryNotTaken(ServerAdjustGuestTimeout):
    msg_fmt = _("The guest has taken %(done)d of %(requested)d MiB after "
                "%(timeout)d seconds.")


class ServerAdjustOverQuota(ServerAdjustFailed):
    msg_fmt = _("Several adjustments at once took the project over its quota.")
    error_code = 'xloud.over_quota'


class GuestAgentBusy(NovaException):
    msg_fmt = _("Another question to the guest agent is in progress.")
