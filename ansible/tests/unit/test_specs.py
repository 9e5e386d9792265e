"""What has to change of the extra specs of a flavor."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.xloud.elastic.plugins.module_utils import specs
from xloudclient import flavors


@pytest.mark.parametrize(
    ('present', 'options', 'changes'),
    [
        ({}, {'minimum_cpu': 1}, {'minimum_cpu': '1'}),
        ({'minimum_cpu': '1'}, {'minimum_cpu': 1}, {}),
        ({'minimum_cpu': ' 01'}, {'minimum_cpu': 1}, {}),
        ({'minimum_cpu': '10'}, {'minimum_cpu': 1}, {'minimum_cpu': '1'}),
        ({'minimum_cpu': 'two'}, {'minimum_cpu': 1}, {'minimum_cpu': '1'}),
        ({'minimum_cpu': '1'}, {'minimum_memory': 256}, {'minimum_memory': '256'}),
        # The other name counts, and both have to agree.
        ({'hw:cpu_min': '1'}, {'minimum_cpu': 1}, {}),
        ({'hw:cpu_min': '1'}, {'minimum_cpu': 2}, {'hw:cpu_min': '2'}),
        (
            {'minimum_memory': '256', 'hw:mem_min': '256'},
            {'minimum_memory': 512},
            {'minimum_memory': '512', 'hw:mem_min': '512'},
        ),
        ({}, {'virtio_mem': True}, {'hw:mem_hotplug_virtio': 'true'}),
        ({'hw:mem_hotplug_virtio': 'True'}, {'virtio_mem': True}, {}),
        ({'hw:mem_hotplug_virtio': 'yes'}, {'virtio_mem': True}, {}),
        (
            {'hw:mem_hotplug_virtio': 'yes'},
            {'virtio_mem': False},
            {'hw:mem_hotplug_virtio': 'false'},
        ),
        # An absent extra spec leaves it to others, so false has to be set.
        ({}, {'movable': False}, {'xloud:movable': 'false'}),
        ({'xloud:movable': 'no'}, {'movable': False}, {}),
        ({'xloud:when_full': 'wait'}, {'when_full': 'move'}, {'xloud:when_full': 'move'}),
        ({'xloud:when_full': 'wait'}, {'when_full': 'wait'}, {}),
        ({}, {'priority': 0}, {'xloud:priority': '0'}),
        ({'xloud:priority': '0'}, {'priority': 0}, {}),
        ({'xloud:priority': '3'}, {'priority': 0}, {'xloud:priority': '0'}),
    ],
)
def test_changes(present: dict[str, str], options: dict[str, Any], changes: dict[str, str]) -> None:
    """What the options do not say, and what is so already, is left alone."""
    assert specs.changes(present, {**dict.fromkeys(specs.NAMES), **options}) == changes


def test_changed() -> None:
    """What is None is removed."""
    present = {'minimum_cpu': '1', 'xloud:priority': '3'}
    changes = {'minimum_cpu': '2', 'xloud:priority': None}
    assert specs.changed(present, changes) == {'minimum_cpu': '2'}


@pytest.mark.parametrize(
    ('minimum_cpu', 'minimum_memory', 'fault'),
    [
        (2, 512, None),
        (None, None, None),
        (3, None, 'minimum_cpu is 3, and the flavor has 2 vCPUs.'),
        (2, 513, 'minimum_memory is 513 MiB, and the flavor has 512 MiB.'),
    ],
)
def test_fault(minimum_cpu: int | None, minimum_memory: int | None, fault: str | None) -> None:
    """A minimum above the flavor is found without a request to the cloud."""
    options = {'minimum_cpu': minimum_cpu, 'minimum_memory': minimum_memory}
    assert specs.fault(options, 2, 512) == fault


def test_every_extra_spec_has_an_option() -> None:
    """The extra specs of the module are those that the client knows."""
    assert {*specs.NAMES.values(), *flavors.OTHER_NAMES.values()} == set(flavors.SPECS)
