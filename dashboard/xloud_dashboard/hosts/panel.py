"""An entry in the menu of administrators."""

import horizon
from django.utils.translation import gettext_lazy as _


class Capacity(horizon.Panel):
    """Shows what hosts have promised, account for and have available."""

    name = _('Elastic Capacity')
    slug = 'elastic_capacity'
    permissions = ('openstack.services.compute', 'openstack.services.placement')
    policy_rules = (('compute', 'os_compute_api:os-hypervisors:list-detail'),)
