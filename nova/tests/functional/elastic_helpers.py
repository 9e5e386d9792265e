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

"""What functional tests of elastic servers share."""

import itertools
import sys
import time
from unittest import mock

from nova.compute import manager
from nova.compute import rpcapi
import nova.conf
from nova import context as nova_context
from nova import elastic
from nova import objects
from nova.tests.functional.api import client as api_client
from nova.tests.functional import integrated_helpers
from nova import utils
from nova.virt import fake

CONF = nova.conf.CONF

# Seconds by which all takes longer on a machine that runs other tests, too.
BUSY = 20

MINIMUM = elastic.Size(1, 1024)
MAXIMUM = elastic.Size(4, 4096)
GROWN = elastic.Size(3, 3072)
START = elastic.Size(2, 2048)
NOTHING = elastic.Size(0, 0)

ALWAYS = sys.maxsize


class FaultsMixin:
    """Methods that a test has do something else, and waiting for it."""

    def _wait_until(self, condition):
        deadline = time.monotonic() + 5 + BUSY
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def _patch(self, cls, name, function):
        """Have a function called with the method that it stands for."""
        method = getattr(cls, name)

        def patched(*args, **kwargs):
            return function(method, *args, **kwargs)

        patcher = mock.patch.object(cls, name, patched)
        patcher.start()
        self.addCleanup(patcher.stop)
        return patcher

    def _break(self, cls, name, error, times=ALWAYS):
        """Have a method fail, always or some times."""
        failures = itertools.repeat(error, times)

        def fail(method, *args, **kwargs):
            for failure in failures:
                raise failure
            return method(*args, **kwargs)

        return self._patch(cls, name, fail)


class ElasticServersMixin(FaultsMixin):
    """Elastic flavors and servers, and all the records about them."""

    def _elastic_flavor(self, minimum=MINIMUM, maximum=MAXIMUM, **specs):
        extra_spec = {elastic.MINIMUM_CPU: str(minimum.vcpus),
                      elastic.MINIMUM_MEMORY: str(minimum.memory_mb)}
        extra_spec.update(specs)
        return self._create_flavor(
            vcpu=maximum.vcpus, memory_mb=maximum.memory_mb,
            extra_spec=extra_spec)

    def _boot(self, flavor_id=None, host='host1', **kwargs):
        return self._create_server(
            flavor_id=flavor_id or self.flavor_id, networks='none',
            host=host, **kwargs)

    def _instance(self, server):
        mapping = objects.InstanceMapping.get_by_instance_uuid(
            self.ctxt, server['id'])
        with nova_context.target_cell(
                self.ctxt, mapping.cell_mapping) as cctxt:
            return objects.Instance.get_by_uuid(
                cctxt, server['id'],
                expected_attrs=[
                    'flavor', 'numa_topology', 'system_metadata'])

    def _adjust(self, server, size, persist=True, wait=True):
        """Request another size, as dashboards do."""
        self.api.api_post('/os-xloud-adjust/%s' % server['id'], {
            'current_vcpus': size.vcpus, 'current_memory_mb': size.memory_mb,
            'persist': persist})
        if wait:
            self._wait_until_adjusted(server)

    def _wait_for_server_parameter(self, server, expected_params,
                                   max_retries=10, **kwargs):
        # It asks twice a second.
        return super()._wait_for_server_parameter(
            server, expected_params, max_retries + 2 * BUSY, **kwargs)

    def _wait_until_adjusted(self, server):
        return self._wait_for_server_parameter(
            server, {'OS-EXT-STS:task_state': None})

    def _set_size(self, server, size, start=None):
        """Adjust a server.

        :param start: What it is to come back with at its next start, if that
            is something else.
        """
        if start:
            self._adjust(server, start)
        self._adjust(server, size, persist=start is None)

    def _grown(self, **kwargs):
        """A server with a size above its minimum, at its next start too."""
        server = self._boot(**kwargs)
        self._set_size(server, GROWN)
        self.assertSize(server, GROWN)
        return server

    def _grown_until_restart(self):
        """A server that has more than it is to come back with."""
        server = self._boot()
        self._set_size(server, GROWN, start=START)
        self.assertSize(server, GROWN, start=START)
        return server

    def _provider_uuid(self, host):
        return self._get_provider_uuid_by_host(host)

    def _host_usage(self, host):
        """What os-hypervisors and placement say is used on a host."""
        rp_uuid = self._provider_uuid(host)
        usages = self._get_provider_usages(rp_uuid)
        # The last one in which it reports what is used.
        with utils.temporary_mutation(self.admin_api, microversion='2.87'):
            hypervisor = self.admin_api.api_get(
                '/os-hypervisors/%s' % rp_uuid).body['hypervisor']
        return (
            elastic.Size(hypervisor['vcpus_used'],
                         hypervisor['memory_mb_used'] -
                         CONF.reserved_host_memory_mb),
            elastic.Size(usages.get('VCPU', 0), usages.get('MEMORY_MB', 0)))

    def _quota_usage(self):
        limits = self.admin_api.api_get('/limits').body['limits']['absolute']
        return elastic.Size(limits['totalCoresUsed'], limits['totalRAMUsed'])

    def _allocated(self, consumer_uuid, host):
        """What a consumer has allocated on a host."""
        rp_uuid = self._provider_uuid(host)
        allocations = self._get_allocations_by_server_uuid(consumer_uuid)
        if rp_uuid not in allocations:
            return None
        resources = allocations[rp_uuid]['resources']
        return elastic.Size(resources.get('VCPU', 0),
                            resources.get('MEMORY_MB', 0))

    def assertRecords(self, server, size, host='host1', start=None,
                      old_allocations=None, quota=None):
        """A server, the only one there is, has this size in every record.

        :param start: Its start size, where that differs
        :param old_allocations: A dict of host to what its migration still has
            allocated there
        :param quota: What the project uses, where that is not the size
        """
        instance = self._instance(server)
        self.assertEqual(size, elastic.size(instance), 'instance')
        self.assertEqual(
            start or size, elastic.start_size(instance), 'start size')
        self.assertEqual(host, instance.host)

        self.assertEqual(
            size, self._allocated(server['id'], host), 'allocation')
        self.assertEqual(quota or size, self._quota_usage(), 'quota')
        usage = {}
        for name in self.computes:
            used = [size] if name == host else []
            if name in (old_allocations or {}):
                used.append(old_allocations[name])
            usage[name] = elastic.Size(*map(sum, zip(NOTHING, *used)))
        self.assertHostUsage(host, usage.pop(host), usage)

    def assertHostUsage(self, host, size, others=None):
        """A host reports this usage, before its periodic task and after it.

        :param others: A dict of other hosts to what they report after it
        """
        self._assertReports(host, size, 'before')
        self._run_periodics()
        for name, used in {host: size, **(others or {})}.items():
            self._assertReports(name, used, 'after')

    def _assertReports(self, host, size, when):
        hypervisor, provider = self._host_usage(host)
        self.assertEqual(size, provider, '%s in placement' % host)
        self.assertEqual(
            size, hypervisor, '%s %s its periodic task' % (host, when))

    def assertNothingUsed(self):
        host, *others = self.computes
        self.assertHostUsage(host, NOTHING, dict.fromkeys(others, NOTHING))
        self.assertEqual(NOTHING, self._quota_usage())

    # The API

    def _post(self, server, api=None, **body):
        return (api or self.api).api_post(
            '/os-xloud-adjust/%s' % server['id'], body,
            check_response_status=None)

    def _refused(self, status, server, api=None, **body):
        """What the API says when it refuses; nothing has changed then."""
        error = self.assertRaises(
            api_client.OpenStackApiException, (api or self.api).api_post,
            '/os-xloud-adjust/%s' % server['id'], body)
        self.assertEqual(status, error.response.status_code, error)
        message = list(error.response.json().values())[0]['message']
        # Dashboards cut it off there.
        self.assertLess(len(message), 500)
        return message

    def _status(self, server, api=None):
        return (api or self.api).api_get(
            '/servers/%s/xloud-status' % server['id']).body['xloud_status']

    def _take_down(self, host):
        self.computes[host].stop()
        service, = self.admin_api.get_services(
            host=host, binary='nova-compute')
        self.admin_api.put_service_force_down(service['id'], True)

    def _restart(self, host):
        self.computes[host] = self.restart_compute_service(
            self.computes[host])

    def _reconcile(self):
        """Have computes compare what servers have with what they count."""
        for compute in self.computes.values():
            compute.manager.elastic.reconciler.reconcile(self.ctxt)

    def _live(self, server):
        instance = self._instance(server)
        return self.computes[instance.host].driver.get_live_size(instance)

    def _client(self, *roles, project_id=None):
        return api_client.TestOpenStackClient(
            'someone', self.api.base_url, roles=roles,
            project_id=project_id or self.api.project_id)

    def _last_action(self, server, name='xloud_adjust'):
        """The last adjustment in the action log."""
        url = '/servers/%s/os-instance-actions' % server['id']
        request_id = next(
            action['request_id'] for action in
            self.admin_api.api_get(url).body['instanceActions']
            if action['action'] == name)
        return self.admin_api.api_get(
            '%s/%s' % (url, request_id)).body['instanceAction']

    def _last_adjust(self, server, name='xloud_adjust'):
        """How the last adjustment ended in the action log.

        A live migration that was a part of it has events of its own.
        """
        event, = (event for event in self._last_action(server, name)['events']
                  if event['event'].endswith('_' + name))
        return event['event'], event['result'], event.get('details')

    def assertAdjusted(self, server, *args, **kwargs):
        """The last adjustment succeeded, and this is what it led to."""
        self._wait_until_adjusted(server)
        self.assertEqual(('compute_xloud_adjust', 'Success', None),
                         self._last_adjust(server))
        self.assertSize(server, *args, **kwargs)

    def assertNotAdjusted(self, reason, server, *args, by='compute',
                          **kwargs):
        """The last adjustment failed, and the server is as it was."""
        self._wait_until_adjusted(server)
        self.assertEqual((by + '_xloud_adjust', 'Error', reason),
                         self._last_adjust(server))
        self.assertSize(server, *args, **kwargs)


class ImagesMixin:
    """Images that declare what their guests can, and volumes of them."""

    def _boot_from_volume(self, flavor_id, image_id):
        """A server whose volume is made of an image."""
        server = self._build_server(
            flavor_id=flavor_id, networks='none', image_uuid='')
        server['block_device_mapping_v2'] = [{
            'boot_index': 0, 'uuid': image_id, 'source_type': 'image',
            'destination_type': 'volume', 'volume_size': 1}]
        return self._wait_for_state_change(
            self.api.post_server({'server': server}), 'ACTIVE')

    def _declaring_image(self, **properties):
        """An image that declares this about its guests."""
        return self.glance.create(None, {
            'name': 'declaring', 'min_ram': 0, 'min_disk': 0, 'size': 1,
            'status': 'active', 'visibility': 'public',
            'container_format': 'raw', 'disk_format': 'raw',
            'properties': properties})['id']


class ElasticServersTestBase(
        ElasticServersMixin, integrated_helpers.ProviderUsageBaseTestCase):
    """Two computes with the fake driver."""

    compute_driver = 'fake.MediumFakeDriver'
    HOSTS = ('host1', 'host2')

    # Computes that cannot run elastic servers.
    PLAIN_HOSTS = ()

    # There is nothing else to look at.
    assertSize = ElasticServersMixin.assertRecords

    def setUp(self):
        update_provider_tree = fake.FakeDriver.update_provider_tree

        def report_traits(driver, provider_tree, nodename, allocations=None):
            update_provider_tree(
                driver, provider_tree, nodename, allocations=allocations)
            if nodename in self.PLAIN_HOSTS:
                provider_tree.remove_traits(nodename, elastic.TRAIT)

        patcher = mock.patch.object(
            fake.FakeDriver, 'update_provider_tree', report_traits)
        patcher.start()
        self.addCleanup(patcher.stop)
        # A host has what its driver says and not more.
        self.flags(initial_cpu_allocation_ratio=1.0)
        super().setUp()

        self.ctxt = nova_context.get_admin_context()
        for host in self.HOSTS:
            self._start_compute(host)
        self.flavor_id = self._elastic_flavor()

    def _let_guest_have(self, server, size, host='host1'):
        self.computes[host].driver.live_sizes[server['id']] = size


class TwoCellsMixin:
    """A second compute, in a cell of its own."""

    HOSTS = ('host1',)
    NUMBER_OF_CELLS = 2

    def setUp(self):
        super().setUp()
        self.computes['host2'] = self.start_service(
            'compute', host='host2', cell_name='cell2')


class ElasticAdjustTestBase(ElasticServersTestBase):
    """One compute with the fake driver, of 10 CPUs."""

    HOSTS = ('host1',)

    def _use_compute_of_before(self):
        """Have computes adjust servers with fewer arguments than now."""
        def adjust_over_a_wire(method, *args):
            try:
                return method(*args)
            except TypeError as error:
                raise rpcapi.messaging.RemoteError('TypeError', str(error))

        def adjust_before(compute, context, instance, vcpus, memory_mb,
                          persist, force=False, action=None):
            pass

        self._patch(rpcapi.ComputeAPI, 'xloud_adjust', adjust_over_a_wire)
        patcher = mock.patch.object(
            manager.ComputeManager, 'xloud_adjust', adjust_before)
        patcher.start()
        self.addCleanup(patcher.stop)
