"""Django without a site, and the sizes of servers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from django.conf import settings

REPOSITORY = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(REPOSITORY / 'client'), str(REPOSITORY / 'dashboard')]

settings.configure(USE_I18N=False)


@pytest.fixture
def size() -> Callable[..., Any]:
    """Return the size of a server of 1 to 4 vCPUs and 256 to 768 MiB, with changes."""
    from xloudclient import ServerSize

    def make(**changes: Any) -> ServerSize:
        values = {
            'elastic': True,
            'source': 'hypervisor',
            'current_vcpus': 2,
            'current_memory_mb': 512,
            'min_vcpus': 1,
            'min_memory_mb': 256,
            'max_vcpus': 4,
            'max_memory_mb': 768,
            'accounted_vcpus': 2,
            'accounted_memory_mb': 512,
            'start_vcpus': 2,
            'start_memory_mb': 512,
            'guest_vcpus': 2,
            'balloon_driver_active': True,
            'attached_dimms_mb': 0,
            'has_virtiomem': False,
            'adjust': None,
            'room_vcpus': 2,
            'room_memory_mb': 256,
        }
        return ServerSize(**{**values, **changes})

    return make
