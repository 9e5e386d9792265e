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

"""Elastic servers: the arithmetic of their flavors and sizes.

A flavor sets the maximum that a server can have and, in two extra specs, the
minimum that it boots with. What Nova accounts for is the *size* of the server.
What it has after its next start is its *start size*, which is recorded only
while it differs. For a flavor without the extra specs all of these are the
same.

This package knows no service, so that the API, the scheduler, the compute
manager and the drivers can all ask it.
"""

from nova.elastic.cells import cell_room
from nova.elastic.cells import CellUsage
from nova.elastic.cells import check_cells
from nova.elastic.cells import claim_pins
from nova.elastic.cells import find_cell_shortage
from nova.elastic.cells import topology_at_size
from nova.elastic.cells import topology_on_host
from nova.elastic.conflicts import check
from nova.elastic.conflicts import conflict
from nova.elastic.conflicts import pinned_memory
from nova.elastic.conflicts import port_conflict
from nova.elastic.flavor import elastic_resources
from nova.elastic.flavor import elementwise_max
from nova.elastic.flavor import EXTRA_SPECS
from nova.elastic.flavor import flavor_at_size
from nova.elastic.flavor import is_elastic
from nova.elastic.flavor import is_elastic_extra_spec
from nova.elastic.flavor import maximum
from nova.elastic.flavor import minimum
from nova.elastic.flavor import MINIMUM_CPU
from nova.elastic.flavor import MINIMUM_MEMORY
from nova.elastic.flavor import MOVE_TRAIT
from nova.elastic.flavor import pins_cpus
from nova.elastic.flavor import PINS_TRAIT
from nova.elastic.flavor import Size
from nova.elastic.flavor import TRAIT
from nova.elastic.growth import growth
from nova.elastic.growth import publish_growth
from nova.elastic.growth import published_growth
from nova.elastic.history import Break
from nova.elastic.history import breaks
from nova.elastic.history import Change
from nova.elastic.history import dump_change
from nova.elastic.history import is_recorded
from nova.elastic.history import load_change
from nova.elastic.history import Period
from nova.elastic.history import periods
from nova.elastic.history import SIZE_EVENT
from nova.elastic.history import Usage
from nova.elastic.history import usage
from nova.elastic.images import check_change
from nova.elastic.images import check_image
from nova.elastic.images import IMAGE_PROPERTIES
from nova.elastic.images import with_memory_means
from nova.elastic.memory import BALLOON
from nova.elastic.memory import memory_warning
from nova.elastic.memory import required_traits
from nova.elastic.memory import uses_virtio_mem
from nova.elastic.memory import virtio_mem
from nova.elastic.memory import VIRTIO_MEM
from nova.elastic.memory import VIRTIO_MEM_EXTRA_SPEC
from nova.elastic.memory import VIRTIO_MEM_TRAIT
from nova.elastic.memory import VirtioMem
from nova.elastic.neighbours import choose_neighbours
from nova.elastic.neighbours import is_movable
from nova.elastic.neighbours import MOVABLE_EXTRA_SPEC
from nova.elastic.pending import destination_flavor
from nova.elastic.pending import get_pending
from nova.elastic.pending import MOVE
from nova.elastic.pending import Moving
from nova.elastic.pending import Pending
from nova.elastic.pending import priority
from nova.elastic.pending import PRIORITY_EXTRA_SPEC
from nova.elastic.pending import REFUSE
from nova.elastic.pending import Request
from nova.elastic.pending import Return
from nova.elastic.pending import return_after
from nova.elastic.pending import set_pending
from nova.elastic.pending import settle_pins
from nova.elastic.pending import size_at_destination
from nova.elastic.pending import size_in_move
from nova.elastic.pending import sizes_after_return
from nova.elastic.pending import WAIT
from nova.elastic.pending import Waiting
from nova.elastic.pending import WHEN_FULL
from nova.elastic.pending import when_full
from nova.elastic.pending import WHEN_FULL_EXTRA_SPEC
from nova.elastic.pinning import has_pins
from nova.elastic.pinning import lacks_pins
from nova.elastic.pinning import match_classes
from nova.elastic.pinning import quota_flavor
from nova.elastic.pinning import topology_with_pins
from nova.elastic.resize import flavors_in_resize
from nova.elastic.resize import forget_size
from nova.elastic.resize import old_size
from nova.elastic.resize import remember_size
from nova.elastic.resize import set_initial_size
from nova.elastic.resize import size_on_host
from nova.elastic.server import describe
from nova.elastic.server import excess
from nova.elastic.server import expected_sizes
from nova.elastic.server import get_image_policy
from nova.elastic.server import is_pinned_by_size
from nova.elastic.server import memory_floor
from nova.elastic.server import ordered_changes
from nova.elastic.server import pins_vcpus
from nova.elastic.server import reconciled_size
from nova.elastic.server import release_pins
from nova.elastic.server import request_flavor
from nova.elastic.server import requested_size
from nova.elastic.server import restore_pins
from nova.elastic.server import room
from nova.elastic.server import set_excess
from nova.elastic.server import set_size
from nova.elastic.server import size
from nova.elastic.server import sizes_after
from nova.elastic.server import start_size
from nova.elastic.server import topology_at_pins
from nova.elastic.server import with_live_memory

__all__ = [
    'BALLOON',
    'Break',
    'CellUsage',
    'Change',
    'EXTRA_SPECS',
    'IMAGE_PROPERTIES',
    'MINIMUM_CPU',
    'MINIMUM_MEMORY',
    'MOVABLE_EXTRA_SPEC',
    'MOVE',
    'MOVE_TRAIT',
    'Moving',
    'PINS_TRAIT',
    'PRIORITY_EXTRA_SPEC',
    'Pending',
    'Period',
    'REFUSE',
    'Request',
    'Return',
    'SIZE_EVENT',
    'Size',
    'TRAIT',
    'Usage',
    'VIRTIO_MEM',
    'VIRTIO_MEM_EXTRA_SPEC',
    'VIRTIO_MEM_TRAIT',
    'VirtioMem',
    'WAIT',
    'WHEN_FULL',
    'WHEN_FULL_EXTRA_SPEC',
    'Waiting',
    'breaks',
    'cell_room',
    'check',
    'check_cells',
    'check_change',
    'check_image',
    'choose_neighbours',
    'claim_pins',
    'conflict',
    'describe',
    'destination_flavor',
    'dump_change',
    'elastic_resources',
    'elementwise_max',
    'excess',
    'expected_sizes',
    'find_cell_shortage',
    'flavor_at_size',
    'flavors_in_resize',
    'forget_size',
    'get_image_policy',
    'get_pending',
    'growth',
    'has_pins',
    'is_elastic',
    'is_elastic_extra_spec',
    'is_movable',
    'is_pinned_by_size',
    'is_recorded',
    'lacks_pins',
    'load_change',
    'match_classes',
    'maximum',
    'memory_floor',
    'memory_warning',
    'minimum',
    'old_size',
    'ordered_changes',
    'periods',
    'pinned_memory',
    'pins_cpus',
    'pins_vcpus',
    'port_conflict',
    'priority',
    'publish_growth',
    'published_growth',
    'quota_flavor',
    'reconciled_size',
    'release_pins',
    'remember_size',
    'request_flavor',
    'requested_size',
    'required_traits',
    'restore_pins',
    'return_after',
    'room',
    'set_excess',
    'set_initial_size',
    'set_pending',
    'set_size',
    'settle_pins',
    'size',
    'size_at_destination',
    'size_in_move',
    'size_on_host',
    'sizes_after',
    'sizes_after_return',
    'start_size',
    'topology_at_pins',
    'topology_at_size',
    'topology_on_host',
    'topology_with_pins',
    'usage',
    'uses_virtio_mem',
    'virtio_mem',
    'when_full',
    'with_live_memory',
    'with_memory_means',
]
