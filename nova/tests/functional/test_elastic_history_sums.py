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

"""What a server had is the same, whoever adds it up and whatever happened."""

import datetime
import random
import time

import ddt
from oslo_utils import timeutils

from nova.compute import utils as compute_utils
from nova import elastic
from nova import exception
from nova.tests.functional import elastic_audit_base
from nova.tests.functional.elastic_helpers import MAXIMUM
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.tests.functional.elastic_helpers import NOTHING
from nova.tests.functional import elastic_history_base
from nova.tests.functional.elastic_history_base import at
from nova.tests.functional.elastic_history_base import DAY
from nova.virt import fake

HALF_A_DAY = datetime.timedelta(hours=12) // datetime.timedelta(microseconds=1)


class Sum(object):
    """What a server has had, as it is seen from one side."""

    def __init__(self, size=NOTHING):
        self.size = size
        self.seconds = [0, 0]

    def add(self, elapsed):
        """Add what it has had for some time."""
        for number, amount in enumerate(self.size):
            self.seconds[number] += amount * elapsed


@ddt.ddt
class ElasticHistorySumsTest(elastic_audit_base.ElasticAuditTestBase,
                             elastic_history_base.ElasticHistoryTestBase):

    IMAGE = 'a2459075-d96c-40d5-893e-577ff92e721c'

    def setUp(self):
        # The time goes on in leaps, between which no service reports.
        self.flags(service_down_time=1000 * DAY)
        self.flags(instance_usage_audit_period='day')
        self.flags(shelved_offload_time=-1)
        super().setUp()
        other_flavor = (elastic.Size(2, 1536), elastic.Size(6, 6144))
        self.bounds = {self.flavor_id: (MINIMUM, MAXIMUM),
                       self._elastic_flavor(*other_flavor): other_flavor}
        self.operations = {
            'ACTIVE': [
                self._adjust_permanently, self._adjust_until_restart,
                self._fail_to_adjust, self._drift, self._reboot, self._stop,
                self._resize, self._migrate, self._rebuild, self._shelve],
            'SHUTOFF': [self._adjust_permanently, self._start],
            'VERIFY_RESIZE': [self._confirm, self._revert],
            'SHELVED': [self._unshelve]}

    def _begin(self, seed):
        self.random = random.Random(seed)
        self.begin = self.now = at(0)
        self._set_now(self.now)
        self.server = self._boot()
        self.flavors = [self.flavor_id, None]
        self.placement_sum, self.notified_sum = Sum(), Sum()
        self.audited = [0, 0]
        self._settle('create')

    def _let_time_pass(self):
        """Hours pass, and the compute audits each day that is over."""
        before = self.now
        self.now += datetime.timedelta(
            microseconds=self.random.randrange(1, HALF_A_DAY))
        self._set_now(self.now)
        for total in (self.placement_sum, self.notified_sum):
            total.add((self.now - before).total_seconds())
        if self.now.date() != before.date():
            self._audit_usage()

    def _audit_usage(self, **kwargs):
        self.notifier.reset()
        instance = self._instance(self.server)
        manager = self.computes[instance.host].manager
        compute_utils.notify_usage_exists(
            manager.notifier, self.ctxt, instance, instance.host, **kwargs)
        payload = self.notifier.notifications[0].payload
        for number, name in enumerate(('vcpu_seconds', 'memory_mb_seconds')):
            self.audited[number] += payload[name]

    def _settle(self, name):
        """Wait until all services know of a change, of which none is lost."""
        for _attempt in range(100):
            size = elastic.size(self._instance(self.server))
            sizes = (self._get_allocated(), self._get_notified())
            if sizes == (size, size):
                break
            time.sleep(.1)
        else:
            self.fail('%s: it has %s, and %s in placement and by '
                      'notifications' % (name, size, sizes))
        self.placement_sum.size, self.notified_sum.size = sizes

    def _get_allocated(self):
        """What it has on all hosts; a migration is another consumer."""
        allocated = [self._allocated(self.server['id'], host) or NOTHING
                     for host in self.computes]
        return elastic.Size(*map(sum, zip(*allocated)))

    def _get_notified(self):
        """What it has by the end of what was last notified of."""
        size = self.notified_sum.size
        for notification in list(self.notifier.versioned_notifications):
            if (notification['event_type'].startswith('instance.') and
                    notification['event_type'].endswith(('.end', '.error'))):
                flavor = notification['payload']['nova_object.data'][
                    'flavor']['nova_object.data']
                size = elastic.Size(flavor['vcpus'], flavor['memory_mb'])
        return size

    # What may happen to a server

    def _random_size(self):
        minimum, maximum = self.bounds[self.flavors[0]]
        return elastic.Size(
            self.random.randint(minimum.vcpus, maximum.vcpus),
            self.random.randrange(
                minimum.memory_mb, maximum.memory_mb + 1, 512))

    def _adjust_permanently(self):
        self._adjust(self.server, self._random_size())

    def _adjust_until_restart(self):
        self._adjust(self.server, self._random_size(), persist=False)

    def _fail_to_adjust(self):
        patches = [self._break(fake.FakeDriver, 'set_current_' + name,
                               exception.ServerAdjustFailed('No.'), times=1)
                   for name in ('vcpus', 'memory_mb')]
        self._adjust(self.server, self._random_size())
        for patch in patches:
            patch.stop()

    def _drift(self):
        instance = self._instance(self.server)
        self._let_guest_have(
            self.server, self._random_size(), host=instance.host)
        for _look in range(2):
            self._reconcile()

    def _reboot(self):
        self._reboot_server(self.server, hard=self.random.random() < .5)

    def _stop(self):
        self._stop_server(self.server)

    def _start(self):
        self._start_server(self.server)

    def _resize(self):
        other, = self.bounds.keys() - {self.flavors[0]}
        self.flavors = [other, self.flavors[0]]
        self._resize_server(self.server, other)

    def _migrate(self):
        self.flavors = [self.flavors[0], self.flavors[0]]
        self._migrate_server(self.server)

    def _confirm(self):
        self._confirm_resize(self.server)

    def _revert(self):
        self.flavors.reverse()
        self._revert_resize(self.server)

    def _rebuild(self):
        self._rebuild_server(self.server, self.IMAGE)

    def _shelve(self):
        self._shelve_server(self.server, expected_state='SHELVED')

    def _unshelve(self):
        self._unshelve_server(self.server)

    # What they add it up to

    def _get_history_sum(self):
        # The API uses the time with a zone, which a set one never has.
        timeutils.clear_time_override()
        periods = self._periods(self._history(self.server, to=self.now))
        self._set_now(self.now)
        return elastic.usage([elastic.Period(at(start), at(end), size)
                              for start, end, size in periods])

    def _get_tenant_usage(self):
        usage = self.admin_api.api_get(
            '/os-simple-tenant-usage/%s?start=%s&end=%s' % (
                self.api.project_id,
                *(time.strftime('%Y-%m-%dT%H:%M:%S.%f')
                  for time in (self.begin, self.now)))
        ).body['tenant_usage']
        return [usage[name] * 3600 for name in (
            'total_hours', 'total_vcpus_usage', 'total_memory_mb_usage')]

    def assertSums(self):
        seconds, *expected = self._get_history_sum()
        self.assertAlmostEqual(
            (self.now - self.begin).total_seconds(), seconds, places=3)
        used, *usage = self._get_tenant_usage()
        self.assertAlmostEqual(seconds, used, places=3)
        self._audit_usage(current_period=True)
        for name, sums in (
                ('usage', usage), ('audits', self.audited),
                ('placement', self.placement_sum.seconds),
                ('notifications', self.notified_sum.seconds)):
            for amount, expected_amount in zip(sums, expected):
                self.assertAlmostEqual(
                    expected_amount, amount, places=3, msg=name)
        self.flags(instance_usage_audit_period='year')
        self._run_periodics()
        self.assertEqual((0, []), self._audit(history=True), self.output)

    @ddt.data(1, 2)
    def test_whatever_happens(self, seed):
        """History, usage, placement and notifications agree to the second.

        Everything that can happen to a server happens, in random order.
        """
        self._begin(seed)
        for operation in self.random.sample(
                self.operations['ACTIVE'] * 2,
                2 * len(self.operations['ACTIVE'])):
            while True:
                self._let_time_pass()
                self.notifier.reset()
                operation()
                self._settle(operation.__name__)
                status = self.api.get_server(self.server['id'])['status']
                if status == 'ACTIVE':
                    break
                operation = self.random.choice(self.operations[status])
        self._let_time_pass()
        self.assertSums()
