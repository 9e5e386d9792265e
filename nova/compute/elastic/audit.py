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

"""Compares the records about elastic servers, without a look at their guests.

The database and placement have what a server is accounted for. Only its host
knows what its guest has, and compares that itself. So no size is reduced here,
unless the flavor does not allow it.
"""

import datetime
import typing as ty

import os_resource_classes as orc
from oslo_utils import timeutils

from nova.compute.elastic import move_records
from nova.compute import task_states
from nova.compute import utils as compute_utils
from nova.compute import vm_states
import nova.conf
from nova import elastic
from nova import exception
from nova import i18n
from nova.i18n import _
from nova import objects
from nova.objects import size_history
from nova.scheduler import utils as scheduler_utils
from nova import servicegroup
from nova import utils

CONF = nova.conf.CONF

# In these states the records of a server are not final.
_UNSETTLED_STATES = (vm_states.BUILDING, vm_states.RESIZED, vm_states.ERROR)

# How long the statistics of a host may take to have the size of a server, in
# seconds: two runs of the periodic task that updates them.
_COUNTED_WITHIN = 120

_TIME_FORMAT = '%Y-%m-%dT%H:%M:%SZ'


class Finding(ty.NamedTuple):
    """Records that disagree, about a server or about a whole host."""

    host: str
    uuid: ty.Optional[str]
    problem: str
    is_fixed: bool = False
    # What to do about it, unless it is fixed.
    remedy: str = ''


def _is_left(instance, moving):
    """Whether nobody has worked for long on the move of a server.

    Its host adjusts it, or ends its move, within these times.
    """
    return (instance.task_state in (None, task_states.MIGRATING) and
            timeutils.is_older_than(
                instance.updated_at, max(CONF.xloud.wait_timeout,
                                         CONF.long_rpc_timeout)) and
            move_records.get_status(instance._context, moving) in (
                *move_records.NOT_UNDERWAY, 'completed'))


class SizeAudit(object):
    """Compares what elastic servers are accounted for, and fixes it."""

    def __init__(self, placement, fix=False, max_count=None, history=False):
        """Prepare to compare any number of compute nodes.

        :param placement: The SchedulerReportClient
        :param fix: Whether to fix the findings
        :param max_count: How many servers to fix, or None for all
        :param history: Whether to look for breaks in histories as well
        """
        self._placement = placement
        self._servicegroup = servicegroup.API()
        self._usage_audit = UsageAudit(placement, self._servicegroup)
        self._history_audit = HistoryAudit() if history else None
        self._fix = fix
        self._max_count = max_count
        self.servers = 0
        self.busy = []
        self.fixed = 0

    @property
    def is_limit_reached(self):
        return self.fixed == self._max_count

    def compare(self, context, node):
        """Compare the records about the servers of one compute node.

        :param context: The context, targeted at the cell of the node
        :param node: A ComputeNode
        :returns: An iterator of Findings
        :raises: ResourceProviderAllocationRetrievalFailed,
            ConsumerAllocationRetrievalFailed or
            keystoneauth1.exceptions.base.ClientException if placement does
            not respond
        """
        instances = _get_instances(context, node)
        # This is before anything is fixed, as the host learns of that later.
        miscount = self._usage_audit.compare(context, node, instances)
        allocations = self._placement.get_allocations_for_resource_provider(
            context, node.uuid).allocations
        for instance in instances:
            if self.is_limit_reached:
                return
            if not (any(map(elastic.is_elastic_extra_spec,
                            instance.flavor.extra_specs)) or
                    self._failed_to_become_elastic(instance)):
                continue
            self.servers += 1
            if self._is_busy(instance):
                self.busy.append(instance)
                continue
            allocated = allocations.get(instance.uuid, {}).get('resources', {})
            yield from self._compare_server(context, node, instance, allocated)
            if self._history_audit:
                yield from self._history_audit.compare(node, instance)
        if miscount:
            yield miscount

    @staticmethod
    def _failed_to_become_elastic(instance):
        """Whether a resize of a plain server to an elastic flavor failed.

        If it fails late, Nova restores the flavor of the server but not its
        allocation.
        """
        return bool(instance.old_flavor and instance.new_flavor and
                    elastic.is_elastic(instance.new_flavor))

    @staticmethod
    def _is_busy(instance):
        """Whether an operation is in progress that may change its size."""
        if instance.task_state in task_states.xloud_adjust_states:
            return not timeutils.is_older_than(
                instance.updated_at, _get_longest_adjust())
        moving = elastic.get_pending(instance).moving
        if moving:
            return not _is_left(instance, moving)
        return (instance.task_state is not None or
                instance.vm_state in _UNSETTLED_STATES)

    def _compare_server(self, context, node, instance, allocated):
        moving = elastic.get_pending(instance).moving
        if moving:
            # What it has where is for its host to find out.
            yield Finding(
                node.host, instance.uuid,
                _('it has been moving since %s, and nobody works on that') %
                datetime.datetime.fromtimestamp(
                    moving.since, datetime.timezone.utc).strftime(
                        _TIME_FORMAT),
                remedy=_('Its compute service should end that. See its log, '
                         'or restart it.'))
            return
        reason = elastic.conflict(instance.flavor)
        if reason:
            yield Finding(
                node.host, instance.uuid,
                _('its flavor is not valid: %s') % reason.rstrip('.'),
                remedy=_('Resize the server to a valid flavor.'))
        if not (elastic.is_elastic(instance.flavor) or
                self._failed_to_become_elastic(instance)):
            return
        excess = elastic.excess(instance)
        if excess:
            yield Finding(
                node.host, instance.uuid,
                _('its guest has %s, which its host has no capacity to '
                  'account for') % _format_size(excess),
                remedy=_('Free capacity on its host, or migrate it.'))
        if not self._get_problems(instance, allocated):
            return
        # It may have changed while other servers were compared.
        try:
            allocated = self._read_again(context, node, instance)
        except exception.InstanceNotFound:
            return
        if allocated is None:
            self.busy.append(instance)
            return
        problems = self._get_problems(instance, allocated)
        if not problems:
            return

        finding = Finding(node.host, instance.uuid, '; '.join(problems))
        remedy = self._get_remedy(context, instance, allocated)
        if remedy is None and self._fix:
            remedy = self._fix_server(context, node, instance)
            if remedy is None:
                self.fixed += 1
                yield finding._replace(is_fixed=True)
                return
        yield finding._replace(remedy=remedy or '')

    def _read_again(self, context, node, instance):
        """Read a server and its allocation again, at the same moment.

        :returns: Its allocation as a dict of resource class to amount, or
            None if an operation on the server has begun.
        """
        instance.refresh()
        size = elastic.size(instance)
        allocations = self._placement.get_allocs_for_consumer(
            context, instance.uuid)['allocations']
        instance.refresh()
        if (self._is_busy(instance) or elastic.size(instance) != size or
                (instance.host, instance.node) !=
                (node.host, node.hypervisor_hostname)):
            return None
        return allocations.get(node.uuid, {}).get('resources', {})

    @staticmethod
    def _get_problems(instance, allocated):
        problems = []
        if instance.task_state is not None:
            problems.append(_('it is in task state %(state)s since %(since)s')
                            % {'state': instance.task_state,
                               'since': instance.updated_at.strftime(
                                   _TIME_FORMAT)})
        size, start = elastic.expected_sizes(instance)
        for name, recorded, expected in (
                (_('size'), elastic.size(instance), size),
                (_('start size'), elastic.start_size(instance), start)):
            if recorded != expected:
                problems.append(
                    _('its recorded %(name)s is %(recorded)s, expected '
                      '%(expected)s') % {
                          'name': name, 'recorded': _format_size(recorded),
                          'expected': _format_size(expected)})
        expected = elastic.match_classes(
            scheduler_utils.resources_from_size(instance, size), allocated)
        allocated = {rc: allocated.get(rc, 0) for rc in expected}
        if allocated != expected:
            problems.append(
                _('its allocation is %(allocated)s, expected %(expected)s') % {
                    'allocated': _format_resources(allocated),
                    'expected': _format_resources(expected)})
        return problems

    def _get_remedy(self, context, instance, allocated):
        """Return what to do about what cannot be fixed here, or None."""
        if not allocated:
            return _('Run "nova-manage placement heal_allocations --instance '
                     '%s".') % instance.uuid
        if instance.task_state is not None and _is_up(
                self._servicegroup, context, instance.host):
            return _('Its compute service is up and should clear that. See '
                     'its log, or restart it.')

    def _fix_server(self, context, node, instance):
        """Account for a server as expected.

        In the meantime it has the task state of an adjustment that its host
        has not accepted yet, so that no other operation begins. If this is
        interrupted, the host clears the task state.

        :returns: What to do instead if it cannot be fixed, or None.
        """
        task_state = instance.task_state
        instance.task_state = task_states.XLOUD_ADJUST_PREP
        try:
            instance.save(expected_task_state=[task_state])
            instance.refresh()
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            return _('Another operation has begun. Run this command again.')

        size, start = elastic.expected_sizes(instance)
        remedy = None
        try:
            if self._placement.set_instance_resources(
                    context, instance.uuid, node.uuid,
                    scheduler_utils.resources_from_size(instance, size)):
                elastic.set_size(instance, size, start)
            else:
                remedy = _("Too many concurrent updates of the host's "
                           'allocations. Run this command again.')
        except exception.AllocationUpdateFailed as error:
            remedy = _('Free capacity on its host, or migrate it. %s') % (
                error.format_message())
        finally:
            instance.task_state = None
            try:
                instance.save(expected_task_state=[
                    task_states.XLOUD_ADJUST_PREP])
            except (exception.InstanceNotFound,
                    exception.InstanceUpdateConflict):
                remedy = _('Another operation has begun. Run this command '
                           'again.')
        if task_state is not None:
            compute_utils.close_adjusts(context, instance)
        return remedy


class UsageAudit(object):
    """Compares the usage that hosts report with the sizes of their servers."""

    def __init__(self, placement, servicegroup_api):
        """Prepare to compare any number of compute nodes.

        :param placement: The SchedulerReportClient
        :param servicegroup_api: A servicegroup.API
        """
        self._placement = placement
        self._servicegroup = servicegroup_api

    def compare(self, context, node, instances):
        """Compare the usage that a compute node reports with its servers.

        :returns: A Finding or None
        """
        if not self._get_miscount(context, node, instances):
            return None
        # The host may have updated it between the two reads.
        node = objects.ComputeNode.get_by_id(context, node.id)
        return self._get_miscount(
            context, node, _get_instances(context, node))

    def _get_miscount(self, context, node, instances):
        if not self._is_quiet(context, node, instances):
            return None
        response = self._placement.get(
            '/resource_providers/%s/inventories' % node.uuid,
            global_request_id=context.global_id)
        if not response:
            return None
        inventories = response.json()['inventories']
        if orc.MEMORY_MB not in inventories:
            # The servers of this host are bare-metal nodes.
            return None
        reserved = (inventories.get(rc, {}).get('reserved', 0)
                    for rc in (orc.VCPU, orc.MEMORY_MB))
        used = elastic.Size(*map(sum, zip(reserved, *(
            elastic.size_in_move(instance, node.host)
            for instance in instances))))
        reported = elastic.Size(node.vcpus_used, node.memory_mb_used)
        if reported == used:
            return None
        return Finding(
            node.host, None,
            _('its reported usage is %(reported)s, expected %(used)s') % {
                'reported': _format_size(reported),
                'used': _format_size(used)},
            remedy=_('Its compute service updates that every minute. See '
                     'its log.'))

    def _is_quiet(self, context, node, instances):
        """Whether the statistics of a host should have all its servers."""
        return (_is_up(self._servicegroup, context, node.host) and
                all(instance.task_state is None and
                    instance.vm_state not in _UNSETTLED_STATES and
                    timeutils.is_older_than(
                        instance.updated_at or instance.created_at,
                        _COUNTED_WITHIN)
                    for instance in instances) and
                not self._is_any_just_deleted(context, node) and
                not objects.MigrationList.get_in_progress_by_host_and_node(
                    context, node.host, node.hypervisor_hostname))

    @staticmethod
    def _is_any_just_deleted(context, node):
        since = timeutils.utcnow() - datetime.timedelta(
            seconds=_COUNTED_WITHIN)
        return any(
            instance.terminated_at for instance in
            objects.InstanceList.get_active_by_window_joined(
                context, since, host=node.host, expected_attrs=[]))


class HistoryAudit(object):
    """Looks for breaks in the histories of servers.

    It looks back to the beginning of the last audit period, as nobody can
    repair what was billed before that.
    """

    def __init__(self):
        self._begin, _end = utils.last_completed_audit_period()

    def compare(self, node, instance):
        """Look for breaks in the history of one server.

        :returns: An iterator of Findings
        """
        if not size_history.get_breaks(instance, self._begin):
            return
        # It may have changed while other servers were compared.
        try:
            instance.refresh()
            breaks = size_history.get_breaks(instance, self._begin)
            size = elastic.size(instance)
            instance.refresh()
        except exception.InstanceNotFound:
            return
        if elastic.size(instance) != size:
            return
        for gap in breaks:
            values = {'size': _format_size(gap.size),
                      'end_size': _format_size(gap.end_size),
                      'start': gap.start.strftime(_TIME_FORMAT),
                      'end': gap.end and gap.end.strftime(_TIME_FORMAT)}
            yield Finding(
                node.host, instance.uuid,
                _('its history says %(size)s from %(start)s on, but '
                  '%(end_size)s up to %(end)s') % values if gap.end else
                _('its history ends with %(size)s at %(start)s, but its size '
                  'is %(end_size)s') % values,
                remedy=_('Check what it is billed for that time.'))


def _get_instances(context, node):
    return objects.InstanceList.get_by_host_and_node(
        context, node.host, node.hypervisor_hostname,
        expected_attrs=['flavor', 'system_metadata'])


def _is_up(servicegroup_api, context, host):
    try:
        return servicegroup_api.service_is_up(
            objects.Service.get_by_compute_host(context, host))
    except exception.ComputeHostNotFound:
        return False


def _get_longest_adjust():
    """Return how long it can take until a host has ended an adjustment.

    It may time out and then be undone. Or the request for it may be lost;
    then the next reconciliation of the host ends it.
    """
    return (2 * (CONF.xloud.vcpu_timeout + CONF.xloud.memory_timeout) +
            CONF.rpc_response_timeout + max(CONF.xloud.reconcile_interval, 60))


def _format_size(size):
    return i18n.PluralFormat(
        'vcpus', '%(vcpus)d vCPU and %(memory_mb)d MiB',
        '%(vcpus)d vCPUs and %(memory_mb)d MiB') % size._asdict()


def _format_resources(resources):
    return ', '.join('%d %s' % (amount, rc)
                     for rc, amount in sorted(resources.items()))
