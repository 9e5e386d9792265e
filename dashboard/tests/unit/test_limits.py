"""The limits of the sliders."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from xloud_dashboard import limits

Make = Callable[..., Any]


def reach(resource: limits.Limits) -> tuple[int, int]:
    return resource.lowest, resource.highest


def test_everything_is_available(size: Make) -> None:
    """They are the bounds of the flavor."""
    assert reach(limits.of_vcpus(size())) == (1, 4)
    assert reach(limits.of_memory(size())) == (256, 768)


@pytest.mark.parametrize(('room', 'highest'), [(None, 4), (0, 2), (1, 3), (9, 4)])
def test_vcpus_end_at_what_the_host_has(size: Make, room: int | None, highest: int) -> None:
    """What is not known is no limit, and the flavor is one in any case."""
    assert limits.of_vcpus(size(room_vcpus=room)).highest == highest


@pytest.mark.parametrize(
    ('room', 'highest'), [(None, 768), (0, 512), (63, 512), (64, 576), (255, 704), (9999, 768)]
)
def test_memory_ends_at_what_the_host_has(size: Make, room: int | None, highest: int) -> None:
    """It ends at the last step that the host has."""
    assert limits.of_memory(size(room_memory_mb=room)).highest == highest


@pytest.mark.parametrize(
    ('floor', 'lowest'), [(None, 256), (100, 256), (256, 256), (257, 320), (500, 512), (900, 768)]
)
def test_memory_begins_at_the_floor(size: Make, floor: int | None, lowest: int) -> None:
    """It begins at the first step that is not below what the guest needs."""
    assert limits.of_memory(size(floor_memory_mb=floor)).lowest == lowest


@pytest.mark.parametrize(
    ('low', 'high', 'step'), [(256, 768, 64), (1000, 4096, 8), (500, 1001, 1), (96, 1024, 32)]
)
def test_a_step_reaches_both_bounds(size: Make, low: int, high: int, step: int) -> None:
    """No step leaves a bound out."""
    made = limits.of_memory(size(min_memory_mb=low, max_memory_mb=high))
    assert made.step == step
    assert (made.maximum - made.minimum) % made.step == 0


def test_a_server_above_its_steps(size: Make) -> None:
    """The present size is never out of reach, whatever the guest reports."""
    assert limits.of_memory(size(current_memory_mb=515, room_memory_mb=0)).highest == 515


def test_a_fixed_resource(size: Make) -> None:
    """There is nothing to choose."""
    assert not limits.of_vcpus(size(min_vcpus=4, current_vcpus=4)).adjustable
    assert limits.of_memory(size()).adjustable
