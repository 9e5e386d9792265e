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

"""What quota, usage records and notifications count an elastic server for."""

import datetime
from io import StringIO

import fixtures
from keystoneauth1 import exceptions as ks_exc
from oslo_limit import fixture as limit_fixture
from oslo_utils import timeutils

from nova.cmd import manage
from nova.compute import rpcapi
from nova import elastic
from nova import exception
from nova.limit import local as local_limit
from nova.scheduler.client import report
from nova.tests.functional.api import client as api_client
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM


class QuotaTests:
    """What holds for each way of counting; the quota is 4 cores, 8 GiB."""

    def _assert_over_quota(self, method, *args):
        error = self.assertRaises(
            api_client.OpenStackApiException, method, *args)
        self.assertEqual(403, error.response.status_code)

    def _limit_memory(self, memory_mb):
        self.flags(ram=memory_mb, group='quota')

    def _assert_no_more_servers(self, flavor_id=None):
        self._assert_over_quota(
            self.api.post_server, {'server': self._build_server(
                flavor_id=flavor_id or self.flavor_id, networks='none')})

    def test_create(self):
        """Each server takes its minimum of the quota."""
        for _ in range(4):
            server = self._boot()
        self._assert_no_more_servers()
        self._delete_server(server)
        self._boot()

    def test_create_many(self):
        body = self._build_server(flavor_id=self.flavor_id, networks='none')
        body['min_count'] = 5
        self._assert_over_quota(self.api.post_server, {'server': body})
        body['min_count'] = 2
        body['max_count'] = 5
        self.api.post_server({'server': body})
        self.assertEqual(4, len(self.api.get_servers(detail=False)))

    def test_grown(self):
        """A server that grew leaves the less for others."""
        server = self._boot()
        self._set_size(server, GROWN)
        self._boot()
        self._assert_no_more_servers()
        self._set_size(server, MINIMUM)
        self._boot()

    def test_over_quota_in_what_does_not_grow(self):
        """Only what is requested has to be within the quota."""
        server = self._boot()
        self._limit_memory(512)
        more_vcpus = MINIMUM._replace(vcpus=3)
        self._set_size(server, more_vcpus)
        self.assertSize(server, more_vcpus)
        for size in (elastic.Size(3, 2048), elastic.Size(4, 2048)):
            self._assert_over_quota(self._adjust, server, size)
        self.assertSize(server, more_vcpus)

    def test_rebuild(self):
        """A rebuild needs no quota and changes no usage."""
        server = self._boot()
        self._set_size(server, elastic.Size(4, 4096))
        self._rebuild_server(server, 'a2459075-d96c-40d5-893e-577ff92e721c')
        self.assertSize(server, elastic.Size(4, 4096))

    def test_unshelve(self):
        """What the server had when it was shelved has to be there again."""
        self.flags(shelved_offload_time=0)
        server = self._boot()
        self._set_size(server, GROWN)
        self._shelve_server(server)
        self._boot()
        self._unshelve_server(server)
        self._assert_no_more_servers()

    def test_create_pinned(self):
        """The dedicated CPUs of the minimum are requested."""
        bounds = {'minimum': elastic.Size(5, 1024),
                  'maximum': elastic.Size(6, 4096)}
        for specs in ({'hw:cpu_policy': 'dedicated'},
                      {'hw:cpu_policy': 'mixed',
                       'hw:cpu_dedicated_mask': '^0'}):
            self._assert_no_more_servers(
                self._elastic_flavor(**bounds, **specs))

        image = self._create_image({'hw_cpu_policy': 'dedicated'})
        self._assert_over_quota(
            self.api.post_server, {'server': self._build_server(
                flavor_id=self._elastic_flavor(**bounds),
                image_uuid=image['id'], networks='none')})

    def test_resize_to_pinned(self):
        server = self._boot()
        self._assert_over_quota(
            self.api.post_server_action, server['id'],
            {'resize': {'flavorRef': self._elastic_flavor(
                minimum=elastic.Size(5, 1024),
                maximum=elastic.Size(6, 4096),
                **{'hw:cpu_policy': 'dedicated'})}})

    def test_at_once(self):
        """Adjustments that pass the check together do not exceed the quota.

        Both would be within the quota alone; which of them is refused does
        not matter.
        """
        server, other = self._boot(), self._boot()
        three = elastic.Size(3, 1024)
        first = [other]

        def adjust_other_first(method, *args, **kwargs):
            if first:
                self.assertEqual(202, self._post(
                    first.pop(), current_vcpus=3).status)
            return method(*args, **kwargs)

        patch = self._patch(
            rpcapi.ComputeAPI, 'xloud_adjust', adjust_other_first)
        error = self._refused_in_the_end(server, current_vcpus=3)
        patch.stop()
        self.assertEqual('xloud.over_quota', error['error_code'])
        for each in (server, other):
            self._wait_until_adjusted(each)
        self.assertEqual(MINIMUM, elastic.size(self._instance(server)))
        self.assertEqual(MINIMUM, self._live(server))
        self.assertEqual(three, elastic.size(self._instance(other)))
        self.assertEqual(elastic.Size(4, 2048), self._quota_usage())
        adjust = self._status(server)['adjust']
        self.assertEqual(('failed', 'xloud.over_quota'),
                         (adjust['state'], adjust['code']))

    def test_at_once_without_a_second_check(self):
        """Operators can do without it, as for new servers."""
        self.flags(recheck_quota=False, group='quota')
        server, other = self._boot(), self._boot()
        first = [other]

        def adjust_other_first(method, *args, **kwargs):
            if first:
                self._post(first.pop(), current_vcpus=3)
            return method(*args, **kwargs)

        self._patch(rpcapi.ComputeAPI, 'xloud_adjust', adjust_other_first)
        self._post(server, current_vcpus=3)
        for each in (server, other):
            self._wait_until_adjusted(each)
        self.assertEqual(elastic.Size(6, 2048), self._quota_usage())

    def _refused_in_the_end(self, server, **body):
        """What the API says when it takes back what it has begun."""
        response = self._post(server, **body)
        self.assertEqual(403, response.status)
        return response.body['forbidden']


class QuotaFromDatabaseTest(
        QuotaTests, elastic_helpers.ElasticServersTestBase):

    def setUp(self):
        super().setUp()
        self.flags(cores=4, ram=8192, group='quota')

    def test_resize(self):
        """From what the server has to the minimum of the new flavor."""
        server = self._boot()
        self._set_size(server, GROWN)
        self._boot()
        six = elastic.Size(6, 6144)
        self._assert_over_quota(
            self.api.post_server_action, server['id'],
            {'resize': {'flavorRef': self._elastic_flavor(
                minimum=elastic.Size(4, 3072), maximum=six)}})
        self._resize_server(server, self._elastic_flavor(
            minimum=elastic.Size(2, 1024), maximum=six))
        self.assertEqual(elastic.Size(3, 2048), self._quota_usage())

        # The way back needs quota as well.
        other = self._boot()
        self._assert_over_quota(
            self.api.post_server_action, server['id'],
            {'revertResize': None})
        self._delete_server(other)
        self._revert_resize(server)
        self.assertEqual(elastic.Size(4, 4096), self._quota_usage())

    def test_restore(self):
        """A soft-deleted server comes back with what it had."""
        self.flags(reclaim_instance_interval=3600)
        server = self._boot()
        self._set_size(server, GROWN)
        self.api.delete_server(server['id'])
        self._wait_for_state_change(server, 'SOFT_DELETED')
        self.assertEqual(elastic.Size(0, 0), self._quota_usage())
        others = [self._boot(), self._boot()]
        self._assert_over_quota(
            self.api.post_server_action, server['id'], {'restore': {}})
        self.api.post_server_action(others[0]['id'], {'forceDelete': None})
        self._wait_until_deleted(others[0])
        self.api.post_server_action(server['id'], {'restore': {}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertEqual(elastic.Size(4, 4096), self._quota_usage())

    def test_restore_pinned(self):
        """A soft-deleted server holds its dedicated CPUs again."""
        self.flags(reclaim_instance_interval=3600)
        server = self._boot(self._elastic_flavor(
            minimum=elastic.Size(4, 1024), **{'hw:cpu_policy': 'dedicated'}))
        self.api.delete_server(server['id'])
        self._wait_for_state_change(server, 'SOFT_DELETED')
        other = self._boot()
        self._assert_over_quota(
            self.api.post_server_action, server['id'], {'restore': {}})
        self.api.post_server_action(other['id'], {'forceDelete': None})
        self._wait_until_deleted(other)
        self.api.post_server_action(server['id'], {'restore': {}})
        self._wait_for_state_change(server, 'ACTIVE')
        self.assertEqual(elastic.Size(4, 1024), self._quota_usage())


class QuotaFromPlacementTest(
        QuotaTests, elastic_helpers.ElasticServersTestBase):

    def setUp(self):
        super().setUp()
        self.flags(cores=4, ram=8192, count_usage_from_placement=True,
                   group='quota')

    def test_cannot_be_counted(self):
        """An adjustment waits for better times, as one without a claim."""
        server = self._boot()
        for error in (ks_exc.ConnectFailure('no'),
                      exception.UsagesRetrievalFailed(
                          project_id='x', user_id='y')):
            patch = self._break(
                report.SchedulerReportClient,
                'get_usages_counts_for_quota', error)
            self.assertEqual(
                'The usage of the project could not be determined. Try again '
                'later.',
                self._refused(503, server, current_vcpus=2))
            patch.stop()
        self._adjust(server, GROWN)
        self.assertSize(server, GROWN)

    def test_unshelve_pinned(self):
        """A server that is back holds its dedicated CPUs again."""
        self.flags(shelved_offload_time=0)
        server = self._boot(self._elastic_flavor(
            minimum=elastic.Size(4, 1024), **{'hw:cpu_policy': 'dedicated'}))
        self._shelve_server(server)
        other = self._boot()
        self._assert_over_quota(
            self.api.post_server_action, server['id'], {'unshelve': None})
        self._delete_server(other)
        self._unshelve_server(server)

    def test_unshelve_over_quota(self):
        self.flags(shelved_offload_time=0)
        server = self._boot()
        self._set_size(server, GROWN)
        self._shelve_server(server)
        self._boot()
        other = self._boot()
        self._assert_over_quota(
            self.api.post_server_action, server['id'], {'unshelve': None})
        self._delete_server(other)
        self._unshelve_server(server)


class UnifiedLimitsTest(QuotaTests, elastic_helpers.ElasticServersTestBase):

    def setUp(self):
        super().setUp()
        self.flags(driver='nova.quota.UnifiedLimitsDriver', group='quota')
        limits = dict.fromkeys(
            local_limit.API_LIMITS | local_limit.DB_LIMITS, 10000)
        limits.update({'servers': 10, 'class:VCPU': 4,
                       'class:MEMORY_MB': 8192, 'class:DISK_GB': 1000})
        self.limits = self.useFixture(limit_fixture.LimitFixture(limits, {}))

    def _limit_memory(self, memory_mb):
        self.limits.reglimits['class:MEMORY_MB'] = memory_mb

    def test_resize(self):
        """As everywhere in unified limits, both sizes count in a resize."""
        server = self._boot()
        self._set_size(server, elastic.Size(2, 2048))
        six = elastic.Size(6, 6144)
        self._assert_over_quota(
            self.api.post_server_action, server['id'],
            {'resize': {'flavorRef': self._elastic_flavor(
                minimum=elastic.Size(3, 3072), maximum=six)}})
        self._resize_server(server, self._elastic_flavor(
            minimum=elastic.Size(2, 2048), maximum=six))
        self._assert_no_more_servers()
        self._confirm_resize(server)
        self._boot()


class UsageTest(elastic_helpers.ElasticServersTestBase):

    def test_usage_records(self):
        """os-simple-tenant-usage bills what the server has."""
        server = self._boot()
        self._set_size(server, GROWN)
        now = timeutils.utcnow()
        hour = datetime.timedelta(hours=1)
        url = '/os-simple-tenant-usage/%s?start=%s&end=%s' % (
            self._instance(server).project_id,
            (now - hour).isoformat(), (now + hour).isoformat())

        def records():
            usage = self.admin_api.api_get(url).body['tenant_usage']
            self.assertIn('server_usages', usage)
            return usage

        # Services that share a process can be in each other's cell.
        usage = self._wait_for_assert(records)
        record, = usage['server_usages']
        self.assertEqual(
            GROWN, (record['vcpus'], record['memory_mb']))
        # It had its minimum at first.
        self.assertLess(usage['total_hours'], usage['total_vcpus_usage'])
        self.assertLess(usage['total_vcpus_usage'], usage['total_hours'] * 3)
        self.assertAlmostEqual(usage['total_vcpus_usage'] * 1024,
                               usage['total_memory_mb_usage'])

    def test_notifications(self):
        server = self._boot()
        self._set_size(server, GROWN)
        self.notifier.reset()
        self._stop_server(server)
        self.notifier.wait_for_versioned_notifications(
            'instance.power_off.end')

        legacy = [n.payload for n in self.notifier.notifications
                  if n.event_type == 'compute.instance.power_off.end']
        self.assertEqual(
            [GROWN], [(n['vcpus'], n['memory_mb']) for n in legacy])
        versioned = [
            n['payload']['nova_object.data']['flavor']['nova_object.data']
            for n in self.notifier.versioned_notifications
            if n['event_type'] == 'instance.power_off.end']
        self.assertEqual(
            [GROWN],
            [(n['vcpus'], n['memory_mb']) for n in versioned])
        self.assertEqual('1', versioned[0]['extra_specs']['minimum_cpu'])

    def test_server_details(self):
        """The flavor of a server is shown as it is."""
        server = self._boot()
        flavor = self.api.get_server(server['id'])['flavor']
        self.assertEqual((4, 4096), (flavor['vcpus'], flavor['ram']))

    def test_placement_commands(self):
        """heal_allocations restores the size; audit finds nothing."""
        server = self._boot()
        self._set_size(server, GROWN)
        self._delete_server_allocations(server['id'])
        self.useFixture(fixtures.MonkeyPatch('sys.stdout', StringIO()))
        cli = manage.PlacementCommands()
        self.assertEqual(0, cli.heal_allocations())
        self.assertSize(server, GROWN)
        self.assertEqual(4, cli.heal_allocations())
        self.assertEqual(0, cli.audit(verbose=True))
        self.assertSize(server, GROWN)
