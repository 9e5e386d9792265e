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

"""What nova-status reports about elastic servers.

As all checks of an upgrade do, these read the database without the objects of
Nova, which may be newer than it is.
"""

import collections

from keystoneauth1 import exceptions as ks_exc
from oslo_serialization import jsonutils
from oslo_upgradecheck import upgradecheck
import sqlalchemy as sa

from nova import context as nova_context
from nova.db.api import api as api_db_api
from nova.db.main import api as main_db_api
from nova import elastic
from nova.i18n import _
from nova.objects import cell_mapping as cell_mapping_obj
from nova.scheduler.client import report

# The first in which placement finds providers by their traits.
_PLACEMENT_MICROVERSION = '1.18'

# How many hosts, flavors or images a check lists.
_MAX_LISTED = 20


def check_computes(commands):
    """Check which computes can run elastic servers, and which cannot."""
    nodes = _get_compute_nodes()
    try:
        capable = _get_capable()
    except ks_exc.ClientException as error:
        return upgradecheck.Result(
            upgradecheck.Code.WARNING,
            _('Could not determine which computes can run elastic servers: '
              '%s') % error)

    others = {host for uuid, host in nodes.items() if uuid not in capable}
    if not others:
        return upgradecheck.Result(
            upgradecheck.Code.SUCCESS,
            _('All computes (%d) can run elastic servers.') % len(nodes))
    return upgradecheck.Result(
        upgradecheck.Code.WARNING,
        _('%(others)d of %(all)d computes do not report the trait %(trait)s, '
          'so no elastic servers run there: %(names)s. Upgrade them, and '
          'check that nova-compute runs. Only the libvirt driver, with QEMU '
          'or KVM on x86, reports it; for other computes this can be '
          'ignored.') % {
              'others': len(others), 'all': len(nodes),
              'trait': elastic.TRAIT, 'names': _join(others)})


def check_flavors(commands):
    """Check which flavors are elastic, and which of them are not valid."""
    flavors = _get_flavors()
    reasons = {name: elastic.conflict(flavor)
               for name, flavor in flavors.items()}
    invalid = ['%s: %s' % (name, reason)
               for name, reason in reasons.items() if reason]
    if invalid:
        return upgradecheck.Result(
            upgradecheck.Code.WARNING,
            _('%(invalid)d of %(all)d elastic flavors are not valid, so no '
              'server can be created with them, or resized to them. Correct '
              'their extra specs with "openstack flavor set", or remove them '
              'with "openstack flavor unset". %(reasons)s') % {
                  'invalid': len(invalid), 'all': len(flavors),
                  'reasons': _join(invalid, ' ')})
    if not flavors:
        return upgradecheck.Result(
            upgradecheck.Code.SUCCESS, _('No flavor is elastic.'))
    return upgradecheck.Result(
        upgradecheck.Code.SUCCESS,
        _('Elastic flavors (%(all)d): %(names)s.') % {
            'all': len(flavors), 'names': _join(flavors)})


def check_images(commands):
    """Check which images of elastic servers declare what their guests can."""
    servers = _get_undeclared()
    if not servers:
        return upgradecheck.Result(
            upgradecheck.Code.SUCCESS,
            _('All images of elastic servers declare what their guests can.'))
    # Images of tenants are not the operator's, and nothing has to be done.
    return upgradecheck.Result(
        upgradecheck.Code.SUCCESS,
        _('Elastic servers (%(servers)d) have images (%(images)d) that do not '
          'declare how their guests can change: %(names)s. Nothing is refused '
          'for them. Declare it with "openstack image elastic set"; servers '
          'have it once they are created or rebuilt.') % {
              'servers': sum(servers.values()), 'images': len(servers),
              'names': _join('%s: %d' % pair for pair in servers.items())})


def _join(names, separator=', '):
    names = sorted(names)
    listed = separator.join(names[:_MAX_LISTED])
    if len(names) <= _MAX_LISTED:
        return listed
    return _('%(listed)s and %(more)d more') % {
        'listed': listed, 'more': len(names) - _MAX_LISTED}


def _get_cell_engines():
    """Return the database of each cell with computes."""
    ctxt = nova_context.get_admin_context()
    for cell in cell_mapping_obj.CellMappingList.get_all(ctxt):
        if not cell.is_cell0():
            with nova_context.target_cell(ctxt, cell) as cctxt:
                yield main_db_api.get_engine(context=cctxt)


def _get_undeclared():
    """Return how many elastic servers each image has that does not declare.

    A server has the properties of its image in its own records.
    """
    servers = collections.Counter()
    keys = {field: 'image_' + name
            for field, name in elastic.IMAGE_PROPERTIES.items()}
    for engine in _get_cell_engines():
        instances, extra, metadata = (
            sa.Table(name, sa.MetaData(), autoload_with=engine)
            for name in ('instances', 'instance_extra',
                         'instance_system_metadata'))
        elastic_servers = sa.select(
            instances.c.uuid, instances.c.image_ref, extra.c.flavor).join(
                extra, extra.c.instance_uuid == instances.c.uuid).where(
                    instances.c.deleted == 0,
                    sa.or_(*(extra.c.flavor.contains('"%s"' % name,
                                                     autoescape=True)
                             for name in elastic.EXTRA_SPECS)))
        declared = collections.defaultdict(set)
        with engine.connect() as conn:
            for row in conn.execute(
                    sa.select(metadata.c.instance_uuid, metadata.c.key).where(
                        metadata.c.deleted == 0,
                        metadata.c.key.in_(keys.values()),
                        metadata.c.instance_uuid.in_(
                            elastic_servers.with_only_columns(
                                instances.c.uuid)))):
                declared[row.instance_uuid].add(row.key)
            for row in conn.execute(elastic_servers):
                flavor = jsonutils.loads(row.flavor)['cur']['nova_object.data']
                needed = {keys[field]
                          for field in elastic.elastic_resources(flavor)}
                if needed - declared[row.uuid]:
                    # Nova does not record of which image a volume was made.
                    servers[row.image_ref or _('booted from a volume')] += 1
    return servers


def _get_compute_nodes():
    """Return the host of each compute node with a hypervisor, by UUID."""
    nodes = {}
    for engine in _get_cell_engines():
        table = sa.Table('compute_nodes', sa.MetaData(), autoload_with=engine)
        with engine.connect() as conn:
            nodes.update(
                (row.uuid, row.host) for row in conn.execute(sa.select(
                    table.c.uuid, table.c.host).where(
                        table.c.deleted == 0,
                        table.c.hypervisor_type != 'ironic')))
    return nodes


def _get_capable():
    """Return the UUIDs of the resource providers with the trait."""
    client = report.report_client_singleton()

    def get(path):
        response = client.get(path, version=_PLACEMENT_MICROVERSION)
        if not response:
            raise ks_exc.from_response(response, 'GET', path)
        return response.json()

    # Placement refuses a query for a trait that has never been reported.
    if not get('/traits?name=in:' + elastic.TRAIT)['traits']:
        return set()
    providers = get('/resource_providers?required=' + elastic.TRAIT)
    return {provider['uuid'] for provider in providers['resource_providers']}


def _get_flavors():
    """Return the flavors that set a minimum, as dicts, by name."""
    engine = api_db_api.get_engine()
    meta = sa.MetaData()
    flavors, specs = (
        sa.Table(name, meta, autoload_with=engine)
        for name in ('flavors', 'flavor_extra_specs'))
    elastic_ids = sa.select(specs.c.flavor_id).where(
        specs.c.key.in_(elastic.EXTRA_SPECS))
    extra_specs = collections.defaultdict(dict)
    with engine.connect() as conn:
        for row in conn.execute(
                sa.select(specs.c.flavor_id, specs.c.key, specs.c.value).where(
                    specs.c.flavor_id.in_(elastic_ids))):
            extra_specs[row.flavor_id][row.key] = row.value
        return {row.name: {'vcpus': row.vcpus, 'memory_mb': row.memory_mb,
                           'extra_specs': extra_specs[row.id]}
                for row in conn.execute(
                    sa.select(flavors.c.id, flavors.c.name, flavors.c.vcpus,
                              flavors.c.memory_mb).where(
                                  flavors.c.id.in_(elastic_ids)))}
