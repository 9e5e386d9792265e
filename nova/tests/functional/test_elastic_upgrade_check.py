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

"""What nova-status reports about elastic servers."""

from keystoneauth1 import exceptions as ks_exc
from oslo_upgradecheck import upgradecheck

from nova.cmd import status
from nova import objects
from nova.scheduler.client import report
from nova.tests.functional import elastic_helpers


class ElasticUpgradeCheckTest(
        elastic_helpers.ImagesMixin, elastic_helpers.ElasticServersTestBase):
    """What nova-status reports before services are upgraded."""

    PLAIN_HOSTS = ('host2',)

    def _check(self, name):
        """The result of one of the checks that the command runs."""
        check, = (check for title, check in
                  status.UpgradeCommands._upgrade_checks if title == name)
        result = check(status.UpgradeCommands())
        return result.code, result.details

    def test_computes(self):
        self.assertEqual(
            (upgradecheck.Code.WARNING,
             '1 of 2 computes do not report the trait CUSTOM_XLOUD_ELASTIC, '
             'so no elastic servers run there: host2. Upgrade them, and check '
             'that nova-compute runs. Only the libvirt driver, with QEMU or '
             'KVM on x86, reports it; for other computes this can be '
             'ignored.'), self._check('Computes for elastic servers'))

        self.PLAIN_HOSTS = ()
        self._run_periodics()
        self.assertEqual(
            (upgradecheck.Code.SUCCESS,
             'All computes (2) can run elastic servers.'),
            self._check('Computes for elastic servers'))

    def test_placement_does_not_answer(self):
        self._break(report.SchedulerReportClient, 'get',
                    ks_exc.ConnectFailure('no'))
        self.assertEqual(
            (upgradecheck.Code.WARNING,
             'Could not determine which computes can run elastic servers: '
             'no'), self._check('Computes for elastic servers'))

    def _flavor(self, name, **specs):
        flavor = objects.Flavor(
            self.ctxt, flavorid=name, name=name, vcpus=4, memory_mb=4096,
            root_gb=1, ephemeral_gb=0, swap=0, rxtx_factor=1.0, vcpu_weight=0,
            is_public=False, disabled=False, extra_specs=specs)
        flavor.create()

    def test_flavors(self):
        self.admin_api.delete_flavor(self.flavor_id)
        self._flavor('plain')
        self.assertEqual(
            (upgradecheck.Code.SUCCESS, 'No flavor is elastic.'),
            self._check('Elastic flavors'))
        self._flavor('both', minimum_cpu='1', minimum_memory='1024')
        self._flavor('one', minimum_cpu='4')
        self.assertEqual(
            (upgradecheck.Code.SUCCESS, 'Elastic flavors (2): both, one.'),
            self._check('Elastic flavors'))

        self._flavor('above', minimum_cpu='5')
        self._flavor('word', minimum_cpu='1', minimum_memory='1G')
        self._flavor('pinned', **{
            'minimum_memory': '1024', 'hw:locked_memory': 'true'})
        self.assertEqual(
            (upgradecheck.Code.WARNING,
             '3 of 5 elastic flavors are not valid, so no server can be '
             'created with them, or resized to them. Correct their extra '
             'specs with "openstack flavor set", or remove them with '
             '"openstack flavor unset". '
             'above: minimum_cpu is 5, but the flavor has only 4 vCPUs. '
             'pinned: minimum_memory cannot be used with hw:locked_memory, '
             'which pins the memory of the guest. '
             "word: minimum_memory must be an integer, not '1G'."),
            self._check('Elastic flavors'))

    def test_many(self):
        """Only so many are named."""
        for number in range(25):
            self._flavor('f%02d' % number, minimum_cpu='1')
        details = self._check('Elastic flavors')[1]
        self.assertIn('Elastic flavors (26): ', details)
        self.assertTrue(details.endswith(' and 6 more.'), details)

    def test_images(self):
        """Images are listed that declare too little for their servers."""
        check = 'Images of elastic servers'
        declares_all = (
            upgradecheck.Code.SUCCESS,
            'All images of elastic servers declare what their guests can.')
        self.assertEqual(declares_all, self._check(check))

        vcpus = self._create_flavor(
            vcpu=4, memory_mb=1024, extra_spec={'hw:cpu_min': '1'})
        half = self._declaring_image(os_elastic_vcpus='grow')
        nothing = self._declaring_image(os_elastic_tested='by nobody')
        self._boot(image_uuid=self._declaring_image(
            os_elastic_vcpus='yes', os_elastic_memory='balloon'))
        self._boot(vcpus, image_uuid=half)
        self._boot(self._create_flavor(vcpu=1, memory_mb=1024),
                   image_uuid=nothing)
        self._delete_server(self._boot(image_uuid=nothing))
        self.assertEqual(declares_all, self._check(check))

        self._boot(image_uuid=half)
        self._boot(vcpus, image_uuid=nothing)
        self._boot(image_uuid=nothing)
        self._boot_from_volume(vcpus, nothing)
        self.assertEqual(
            (upgradecheck.Code.SUCCESS,
             'Elastic servers (4) have images (3) that do not declare how '
             'their guests can change: %s. Nothing is refused for them. '
             'Declare it with "openstack image elastic set"; servers have it '
             'once they are created or rebuilt.' % ', '.join(sorted((
                 '%s: 1' % half, '%s: 2' % nothing,
                 'booted from a volume: 1')))), self._check(check))
