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

"""Policies of the elastic servers API."""

from oslo_policy import policy

from nova.policies import base

POLICY_ROOT = 'os_compute_api:xloud:%s'

_ADJUST = [
    {
        'path': '/os-xloud-adjust/{server_id}',
        'method': 'POST'
    },
    {
        'path': '/os-polystack-adjust/{server_id}',
        'method': 'POST'
    },
    {
        'path': '/servers/{server_id}/os-xloud-adjust',
        'method': 'POST'
    }
]

xloud_adjust_policies = [
    policy.DocumentedRuleDefault(
        name=POLICY_ROOT % 'adjust',
        check_str=base.PROJECT_MEMBER_OR_ADMIN,
        description="Adjust how many vCPUs and how much memory a server has",
        operations=_ADJUST,
        scope_types=['project']),
    policy.DocumentedRuleDefault(
        name=POLICY_ROOT % 'adjust:force',
        check_str=base.ADMIN,
        description="Give a server less memory than its guest needs, so that "
                    "the guest may be killed",
        operations=_ADJUST,
        scope_types=['project']),
    policy.DocumentedRuleDefault(
        name=POLICY_ROOT % 'adjust:wait',
        check_str=base.PROJECT_MEMBER_OR_ADMIN,
        description="Let an adjustment wait for capacity on the host of the "
                    "server, before later ones of other servers there",
        operations=_ADJUST,
        scope_types=['project']),
    policy.DocumentedRuleDefault(
        name=POLICY_ROOT % 'adjust:move',
        check_str=base.ADMIN,
        description="Have a server live migrated to a host that has the "
                    "capacity for an adjustment",
        operations=_ADJUST,
        scope_types=['project']),
    policy.DocumentedRuleDefault(
        name=POLICY_ROOT % 'status',
        check_str=base.PROJECT_READER_OR_ADMIN,
        description="Show how many vCPUs and how much memory a server has, "
                    "and can have",
        operations=[
            {
                'path': '/servers/{server_id}/xloud-status',
                'method': 'GET'
            },
            {
                'path': '/servers/{server_id}/polystack-status',
                'method': 'GET'
            }
        ],
        scope_types=['project']),
    policy.DocumentedRuleDefault(
        name=POLICY_ROOT % 'history',
        check_str=base.PROJECT_READER_OR_ADMIN,
        description="Show how many vCPUs and how much memory a server was "
                    "accounted for over time, and why",
        operations=[
            {
                'path': '/servers/{server_id}/xloud-history',
                'method': 'GET'
            }
        ],
        scope_types=['project']),
]


def list_rules():
    return xloud_adjust_policies
