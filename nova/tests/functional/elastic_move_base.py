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


"""Hosts that are full, and servers on them that move in order to grow."""

import contextlib
from unittest import mock

import eventlet  # noqa: H905

from nova.compute import task_states
from nova import context as nova_context
from nova import elastic
from nova import objects
from nova.tests.functional import elastic_helpers
from nova.tests.functional.elastic_helpers import GROWN
from nova.tests.functional.elastic_helpers import MINIMUM
from nova.virt import fake

MOVING = {'adjust': {'state': 'moving'}}
MOVE_FAILED = ('xloud.move_failed: The live migration to a host with enough '
               'capacity failed.')


class MoveTestBase(elastic_helpers.ElasticServersTestBase):
    """Hosts of 10 CPUs and 7680 MiB for servers; the first one is full."""

    HOSTS = ('host1', 'host2', 'host3')

    def setUp(self):
        super().setUp()
        self.flags(cores=-1, ram=-1, instances=-1, group='quota')
        self.server = self._boot()
        self.plain_flavor_id = self._create_flavor(vcpu=9, memory_mb=256)
        self.neighbour = self._boot(self.plain_flavor_id)

    def _fill(self, *hosts):
        for host in hosts:
            self._boot(self.plain_flavor_id, host=host)

    def _move(self, server=None, api=None, **body):
        """Have a server move that is to grow; return the host."""
        server = server or self.server
        response = self._post(
            server, api=api, when_full='move',
            **(body or {'current_vcpus': 3, 'current_memory_mb': 3072}))
        self.assertEqual((202, MOVING), (response.status, response.body))

    def _consumers(self, server):
        """The UUIDs of a server and of its migrations."""
        migrations = self.admin_api.api_get(
            '/os-migrations?instance_uuid=%s' % server['id']).body[
                'migrations']
        return [server['id']] + [
            migration['uuid'] for migration in migrations]

    def _allocations(self, consumers=None):
        """What is allocated for a server and its migrations, by host."""
        return [
            {host: allocated for host in self.computes
             for allocated in [self._allocated(consumer, host)] if allocated}
            for consumer in consumers or self._consumers(self.server)]

    @contextlib.contextmanager
    def _migration_held(self, driver_method='live_migration'):
        """Have live migrations stop in the middle, until this ends."""
        reached, go_on = eventlet.Event(), eventlet.Event()

        def hold(method, *args, **kwargs):
            reached.send(eventlet.getcurrent())
            go_on.wait()
            return method(*args, **kwargs)

        patch = self._patch(fake.FakeDriver, driver_method, hold)
        try:
            yield reached
        finally:
            patch.stop()
            go_on.send()

    @contextlib.contextmanager
    def _arrived_unnoticed(self):
        """Have the server on host3, whose compute does not look at it."""
        moves = self.computes['host3'].manager.elastic.moves
        with mock.patch.object(type(moves), 'note'):
            self._move()
            self._wait_until(
                lambda: self._instance(self.server).host == 'host3')
            self._wait_until_adjusted(self.server)
            yield

    def _hand_over(self, server=None):
        """Have the compute hand a server over, and no conductor hear of it."""
        instance = self._instance(server or self.server)
        instance.task_state = task_states.XLOUD_ADJUST_PREP
        instance.save()
        context = nova_context.RequestContext(
            'someone', instance.project_id)
        objects.InstanceAction.action_start(
            context, instance.uuid, 'xloud_adjust')
        self.computes['host1'].manager.xloud_adjust(
            context, instance, 3, 3072, True, when_full='move')

    def _leave(self, host):
        """Have no guest where none is after the migration of a real one."""
        self.computes[host].driver.instances.pop(self.server['id'], None)

    def assertMoved(self, host, size=GROWN, server=None):
        """A server has moved and grown, and nothing is left of that."""
        server = server or self.server
        self._wait_until(lambda: self._adjust_state(server) not in (
            'moving', 'running'))
        self.assertEqual(
            ('compute_xloud_adjust', 'Success', None),
            self._last_adjust(server))
        instance = self._instance(server)
        self.assertEqual(
            (host, size, size, None, elastic.Pending()),
            (instance.host, elastic.size(instance),
             elastic.start_size(instance), instance.task_state,
             elastic.get_pending(instance)))
        self.assertEqual(size, self._live(server))
        self.assertEqual(
            [{host: size}], [each for each in self._allocations(
                self._consumers(server)) if each])
        self._run_periodics()
        self._reconcile()
        self.assertEqual(size, self._allocated(server['id'], host))

    def assertStays(self, reason, server=None, host='host1', size=MINIMUM):
        """A server has neither moved nor grown, and its action says why."""
        server = server or self.server
        self._wait_until(lambda: self._adjust_state(server) == 'failed')
        self._wait_until_adjusted(server)
        self.assertEqual(('compute_xloud_adjust', 'Error', reason),
                         self._last_adjust(server))
        instance = self._instance(server)
        self.assertEqual(
            (host, size, 'active', None, elastic.Pending()),
            (instance.host, elastic.size(instance), instance.vm_state,
             instance.task_state, elastic.get_pending(instance)))
        self.assertEqual(
            [{host: size}], [each for each in self._allocations(
                self._consumers(server)) if each])
        self._run_periodics()
        self.assertHostUsage('host1', elastic.Size(10, 1280))

    def assertAbandoned(self):
        """Its host ends the move when nobody is waited for any more."""
        self.flags(rpc_response_timeout=-1)
        self._reconcile()
        self._wait_until(
            lambda: self._instance(self.server).task_state is None)
        self.flags(rpc_response_timeout=60)
        self.assertStays(MOVE_FAILED)

    def _adjust_state(self, server):
        return self._status(server)['adjust']['state']
