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

from nova.api.validation import parameter_types

_amount = {
    'type': ['integer', 'string'],
    'pattern': '^[0-9]{1,10}$',
    'minimum': 1,
    'maximum': 2 ** 31 - 1,
}

update = {
    'type': 'object',
    'properties': {
        'current_vcpus': _amount,
        'current_memory_mb': _amount,
        'persist': {'type': 'boolean'},
        'force': {'type': 'boolean'},
        'dry_run': {'type': 'boolean'},
        # At most 31 days.
        'for_seconds': {
            'type': 'integer', 'minimum': 1, 'maximum': 31 * 24 * 3600},
        'when_full': {'type': 'string', 'enum': ['refuse', 'wait', 'move']},
        'cancel': {'type': 'boolean', 'enum': [True]},
    },
    'anyOf': [
        {'required': ['current_vcpus']},
        {'required': ['current_memory_mb']},
        {'required': ['cancel'], 'maxProperties': 1},
    ],
    'dependencies': {'cancel': {'maxProperties': 1}},
    'additionalProperties': False,
}

update_response = {
    'type': 'object',
    'properties': {
        'adjust': {
            'type': 'object',
            'properties': {'state': {'enum': ['waiting', 'moving']}},
            'required': ['state'],
            'additionalProperties': False,
        },
        'dry_run': {
            'type': 'object',
            'properties': {
                'outcome': {
                    'type': 'string',
                    'enum': ['in_place', 'wait', 'move', 'refused']},
                'code': {'type': ['string', 'null']},
                'reason': {'type': ['string', 'null']},
            },
            'required': ['outcome', 'code', 'reason'],
            'additionalProperties': False,
        },
    },
    'additionalProperties': False,
}

_integer = {'type': 'integer'}
_integer_or_null = {'type': ['integer', 'null']}
_string_or_null = {'type': ['string', 'null']}

show_query = {
    'type': 'object',
    'properties': {},
    'additionalProperties': False,
}

show_response = {
    'type': 'object',
    'properties': {
        'xloud_status': {
            'type': 'object',
            'properties': {
                'elastic': {'type': 'boolean'},
                'source': {
                    'type': 'string', 'enum': ['hypervisor', 'database']},
                'current_vcpus': _integer,
                'current_memory_mb': _integer,
                'min_vcpus': _integer,
                'min_memory_mb': _integer,
                'max_vcpus': _integer,
                'max_memory_mb': _integer,
                'accounted_vcpus': _integer,
                'accounted_memory_mb': _integer,
                'start_vcpus': _integer,
                'start_memory_mb': _integer,
                'guest_vcpus': _integer_or_null,
                'balloon_driver_active': {'type': ['boolean', 'null']},
                'attached_dimms_mb': _integer,
                'has_virtiomem': {'type': 'boolean'},
                'floor_memory_mb': _integer_or_null,
                'room_vcpus': _integer_or_null,
                'room_memory_mb': _integer_or_null,
                'returns_at': _string_or_null,
                'return_vcpus': _integer_or_null,
                'return_memory_mb': _integer_or_null,
                'adjust': {
                    'type': ['object', 'null'],
                    'properties': {
                        'state': {
                            'type': 'string',
                            'enum': ['running', 'waiting', 'moving',
                                     'succeeded', 'failed']},
                        'code': {'type': ['string', 'null']},
                        'requested': {'type': ['object', 'null']},
                        'since': {'type': 'string'},
                        'expires_at': _string_or_null,
                        'reason': {'type': ['string', 'null']},
                    },
                    'required': [
                        'state', 'code', 'requested', 'since', 'expires_at',
                        'reason'],
                    'additionalProperties': False,
                },
            },
            'required': [
                'elastic', 'source', 'current_vcpus', 'current_memory_mb',
                'min_vcpus', 'min_memory_mb', 'max_vcpus', 'max_memory_mb',
                'accounted_vcpus', 'accounted_memory_mb', 'start_vcpus',
                'start_memory_mb', 'guest_vcpus', 'balloon_driver_active',
                'attached_dimms_mb', 'has_virtiomem', 'floor_memory_mb',
                'room_vcpus', 'room_memory_mb', 'returns_at',
                'return_vcpus', 'return_memory_mb', 'adjust'],
            'additionalProperties': False,
        },
    },
    'required': ['xloud_status'],
    'additionalProperties': False,
}

_time = parameter_types.single_param({'type': 'string', 'format': 'date-time'})

history_query = {
    'type': 'object',
    'properties': {
        'from': _time,
        'to': _time,
        'limit': parameter_types.single_param(
            {'type': 'string', 'pattern': '^0*[1-9][0-9]*$'}),
    },
    'additionalProperties': False,
}

_period = {
    'type': 'object',
    'properties': {
        'start': {'type': 'string', 'format': 'date-time'},
        'end': {'type': 'string', 'format': 'date-time'},
        'vcpus': _integer,
        'memory_mb': _integer,
        'cause': _string_or_null,
        'request_id': _string_or_null,
        'user_id': _string_or_null,
    },
    'required': ['start', 'end', 'vcpus', 'memory_mb', 'cause', 'request_id',
                 'user_id'],
    'additionalProperties': False,
}

_next_link = {
    'type': 'object',
    'properties': {
        'rel': {'const': 'next'},
        'href': {'type': 'string', 'format': 'uri'},
    },
    'required': ['rel', 'href'],
    'additionalProperties': False,
}

history_response = {
    'type': 'object',
    'properties': {
        'xloud_history': {'type': 'array', 'items': _period},
        'xloud_history_links': {'type': 'array', 'items': _next_link},
    },
    'required': ['xloud_history'],
    'additionalProperties': False,
}
