"""Usage records show what a server has, where Nova has only its flavor to ask."""

from nova import elastic


class SimpleTenantUsageController(wsgi.Controller):

    def _tenant_usages_for_period(*nova):
        ...
        for instance in instances:  # nova
            ...
            try:  # nova
                info['vcpus'], info['memory_mb'] = elastic.size(instance)
                info['local_gb'] = ...  # nova
            except exception.InstanceNotFound:  # nova
                ...
            ...
        ...
