"""Usage records show what a server has, where Nova has only its flavor to ask."""

from nova import elastic


class SimpleTenantUsageController(wsgi.Controller):

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
            ...
        ...
