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

"""What cannot be added to an elastic server while it exists."""

from oslo_utils.fixture import uuidsentinel as uuids

from nova import context as nova_context
from nova import objects
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers


class ElasticDevicesTest(elastic_helpers.ElasticServersTestBase):

    HOSTS = ('host1',)

    def _sriov_port(self):
        port = self.neutron.create_port()['port']
        # The fixture gives all that it creates the type of its default port.
        self.neutron._ports[port['id']]['binding:vnic_type'] = 'direct'
        return {'interfaceAttachment': {'port_id': port['id']}}

    def test_attach_sriov_port(self):
        """A device that pins the memory of the guest is refused."""
        server = self._boot()
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.attach_interface,
            server['id'], self._sriov_port())
        self.assertEqual(400, error.response.status_code)
        self.assertEqual(
            'A port of type direct cannot be attached to a server with '
            'elastic memory, since it pins the memory of the guest.',
            error.response.json()['badRequest']['message'])

    def test_attach_port(self):
        """A port that is no device of the host can always be attached."""
        server = self._boot()
        port = self.neutron.create_port()['port']
        self.api.attach_interface(
            server['id'], {'interfaceAttachment': {'port_id': port['id']}})

    def test_resize_with_sriov_port(self):
        """A port that was attached before the flavor was elastic counts."""
        server = self._boot(self._create_flavor(vcpu=1, memory_mb=512))
        instance = self._instance(server)
        # As attach_interface leaves it; the request of the server has not
        # heard of it.
        with nova_context.target_cell(
                self.ctxt, self.cell_mappings['cell1']) as cctxt:
            requests = objects.InstancePCIRequests.get_by_instance_uuid(
                cctxt, instance.uuid)
            requests.requests.append(objects.InstancePCIRequest(
                count=1, spec=[], request_id=uuids.port,
                requester_id=uuids.port, alias_name=None))
            instance.pci_requests = requests
            instance.save()
        error = self.assertRaises(
            api_client.OpenStackApiException, self.api.post_server_action,
            server['id'], {'resize': {'flavorRef': self.flavor_id}})
        self.assertEqual(400, error.response.status_code)
        self.assertEqual(
            'minimum_memory cannot be used with PCI passthrough, which pins '
            'the memory of the guest.',
            error.response.json()['badRequest']['message'])
