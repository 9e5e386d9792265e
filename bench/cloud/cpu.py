"""The CPU time of processes."""

from __future__ import annotations

import contextlib
from pathlib import Path

from cloud import lifecycle, process


def seconds(pid: int) -> float:
    """Return the CPU time that a process has used so far; 0 if there is none."""
    with contextlib.suppress(OSError):
        fields = Path('/proc', str(pid), 'stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / 100
    return 0.0


def of_services(cloud: lifecycle.Cloud) -> dict[str, float]:
    """Return the CPU time that each service of a cloud has used so far."""
    used = {}
    for label, service in cloud.daemons().items():
        daemon = service.daemon()
        if daemon and daemon.pid:
            used[label] = sum(map(seconds, process.family(daemon.pid)))
    return used
