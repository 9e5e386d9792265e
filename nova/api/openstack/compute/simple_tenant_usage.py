"""Usage is what a server has had, as long as it had that.

Nova multiplies what a server has at present with its hours since it was
launched last. So it does for servers that never were elastic.
"""

from nova import elastic
from nova.objects import size_history


class SimpleTenantUsageController(wsgi.Controller):

    def _get_instances_all_cells(*nova):
        ...
        for cell in cells:  # nova
            with ... as cctxt:  # nova
                ...
                all_instances.extend(instances)  # nova
                size_history.load_changes(cctxt, instances, period_start)
                ...
        ...

    def _tenant_usages_for_period(*nova):
        ...
        for instance in instances:  # nova
            ...
            try:  # nova
                size = elastic.size(instance)
                info['memory_mb'] = size.memory_mb  # replaces nova
                ...
                info['vcpus'] = size.vcpus  # replaces nova
            except exception.InstanceNotFound:  # nova
                ...
            vcpu_hours, memory_mb_hours = (
                amount * info['hours'] for amount in size)
            if instance.size_changes:
                info['hours'], vcpu_hours, memory_mb_hours = (
                    seconds / 3600 for seconds in size_history.get_usage(
                        instance, period_start, period_stop))
            ...
            summary['total_local_gb_usage'] += ...  # nova
            summary['total_vcpus_usage'] += vcpu_hours  # drops nova
            summary['total_memory_mb_usage'] += memory_mb_hours  # drops nova
            summary['total_hours'] += ...  # nova
            ...
        ...
