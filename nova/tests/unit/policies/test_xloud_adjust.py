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

"""Who may ask what a server has, and who may change it."""

from unittest import mock

import fixtures
from oslo_utils.fixture import uuidsentinel as uuids

from nova.api.openstack.compute import xloud_adjust
from nova.compute import vm_states
import nova.conf
from nova import objects
from nova.policies import base as base_policy
from nova.policies import xloud_adjust as policies
from nova.tests.unit.api.openstack import fakes
from nova.tests.unit import fake_instance
from nova.tests.unit.policies import base

CONF = nova.conf.CONF


class XloudAdjustPolicyTest(base.BasePolicyTest):
    """With the deprecated rules, and without scope checks.

    Releases differ in which roles they know and whether scope checks are still
    a choice; so who is allowed is said of the contexts themselves.
    """

    enforce_scope = False

    def setUp(self):
        super().setUp()
        if 'enforce_scope' in CONF.oslo_policy:
            self.flags(enforce_scope=self.enforce_scope, group='oslo_policy')
        self.controller = xloud_adjust.XloudAdjustController()
        self.req = fakes.HTTPRequest.blank('')
        self.instance = fake_instance.fake_instance_obj(
            self.project_member_context, id=1, uuid=uuids.server,
            project_id=self.project_id, vm_state=vm_states.STOPPED,
            flavor=objects.Flavor(vcpus=1, memory_mb=512, extra_specs={}),
            system_metadata={}, expected_attrs=['system_metadata'])
        self.useFixture(fixtures.MockPatch(
            'nova.api.openstack.common.get_instance',
            return_value=self.instance))

    def _allowed(self, role):
        """Administrators, and those with this role in the project.

        The deprecated rules allow whoever has any role there.
        """
        is_scoped = ('enforce_scope' not in CONF.oslo_policy or
                     self.enforce_scope)
        return {
            each for each in self.all_contexts
            if (each.is_admin or each.project_id == self.project_id and (
                role in each.roles or not self.without_deprecated_rules)) and
            not (is_scoped and each.system_scope)}

    @mock.patch('nova.compute.api.API.xloud_adjust', return_value=None)
    def test_adjust(self, mock_adjust):
        self.common_policy_auth(
            self._allowed('member'), policies.POLICY_ROOT % 'adjust',
            self.controller.update, self.req, self.instance.uuid,
            body={'current_vcpus': 2})

    def _check_further(self, rule, body, only_admins=False):
        """Check a rule for requests that the one of adjustments allows."""
        self.policy.set_rules(
            {policies.POLICY_ROOT % 'adjust': '@'}, overwrite=False)
        # What is scoped to the system fails before, as in test_adjust.
        self.all_contexts = {
            each for each in self.all_contexts if not each.system_scope}
        self.common_policy_auth(
            {each for each in self._allowed('member')
             if each.is_admin or not only_admins},
            policies.POLICY_ROOT % rule, self.controller.update,
            self.req, self.instance.uuid, body=body)

    @mock.patch('nova.compute.api.API.xloud_adjust', return_value=None)
    def test_force(self, mock_adjust):
        """Only administrators give a guest less than it needs."""
        self._check_further(
            'adjust:force', {'current_memory_mb': 256, 'force': True},
            only_admins=True)

    @mock.patch('nova.compute.api.API.xloud_adjust', return_value=None)
    def test_wait(self, mock_adjust):
        """By default, who may adjust a server may let that wait."""
        self._check_further(
            'adjust:wait', {'current_vcpus': 2, 'when_full': 'wait'})

    @mock.patch('nova.compute.api.API.xloud_adjust', return_value=None)
    def test_move(self, mock_adjust):
        """Only administrators have a server moved."""
        self._check_further(
            'adjust:move', {'current_vcpus': 2, 'when_full': 'move'},
            only_admins=True)

    @mock.patch('nova.compute.utils.get_last_adjust', return_value=None)
    def test_status(self, mock_last):
        self.common_policy_auth(
            self._allowed('reader'), policies.POLICY_ROOT % 'status',
            self.controller.show, self.req, self.instance.uuid)

    @mock.patch('nova.objects.size_history.get_periods',
                return_value=([], False))
    def test_history(self, mock_periods):
        self.common_policy_auth(
            self._allowed('reader'), policies.POLICY_ROOT % 'history',
            self.controller.history, self.req, self.instance.uuid)


class XloudAdjustNoLegacyNoScopeTest(XloudAdjustPolicyTest):
    """Without either: a role in the project has to be a known one."""

    without_deprecated_rules = True
    rules_without_deprecation = {
        policies.POLICY_ROOT % 'adjust': base_policy.PROJECT_MEMBER_OR_ADMIN,
        policies.POLICY_ROOT % 'adjust:force': base_policy.ADMIN,
        policies.POLICY_ROOT % 'adjust:wait':
            base_policy.PROJECT_MEMBER_OR_ADMIN,
        policies.POLICY_ROOT % 'adjust:move': base_policy.ADMIN,
        policies.POLICY_ROOT % 'status': base_policy.PROJECT_READER_OR_ADMIN,
        policies.POLICY_ROOT % 'history': base_policy.PROJECT_READER_OR_ADMIN,
    }


class XloudAdjustScopeTypePolicyTest(XloudAdjustPolicyTest):
    """With both: what is scoped to the system is for no server."""

    enforce_scope = True


class XloudAdjustScopeTypeNoLegacyPolicyTest(XloudAdjustNoLegacyNoScopeTest):
    """With scope checks, and without the deprecated rules."""

    enforce_scope = True
