"""Finding out whether a loopback port is free, and who has it if not."""

from __future__ import annotations

import contextlib
import socket
import sys
from pathlib import Path

from cloud import errors

_ESTABLISHED, _LISTEN = '01', '0A'


def check(service: str, port: int, address: str = '127.0.0.1') -> None:
    """Raise, naming the process, when a port that a service needs is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise errors.CheckError(
                f'{service} needs port {port} on {address}, which cannot be had: '
                f'{_holder(port) or error.strerror}\n'
                'end that process, or move all ports with '
                '`xcloud up --port-offset 100` (on a new cloud)'
            ) from error


def answers(port: int, address: str = '127.0.0.1') -> bool:
    """Return whether something accepts connections there."""
    with contextlib.suppress(OSError):
        socket.create_connection((address, port), timeout=1).close()
        return True
    return False


def unread(port: int, address: str = '127.0.0.1') -> int:
    """Return how many bytes clients have sent to a port that nobody has read yet."""
    return sum(_connections(port, address))


def connections(port: int, address: str) -> int:
    """Return how many clients a port has."""
    return len(_connections(port, address))


def _connections(port: int, address: str) -> list[int]:
    """Return the bytes that nobody has read yet of each connection to a port."""
    # The kernel prints the address as a number of this machine's byte order.
    number = int.from_bytes(socket.inet_aton(address), sys.byteorder)
    local = f'{number:08X}:{port:04X}'
    lines = [line.split() for line in Path('/proc/net/tcp').read_text().splitlines()[1:]]
    return [
        int(fields[4].partition(':')[2], 16)
        for fields in lines
        if fields[1] == local and fields[3] == _ESTABLISHED
    ]


def _holder(port: int) -> str | None:
    inodes = {
        f'socket:[{inode}]'
        for table in ('tcp', 'tcp6')
        for inode in _listening(Path('/proc/net', table), port)
    }
    for descriptor in Path('/proc').glob('[0-9]*/fd/*'):
        with contextlib.suppress(OSError):
            if str(descriptor.readlink()) in inodes:
                pid = descriptor.parts[2]
                command = Path('/proc', pid, 'cmdline').read_bytes()
                words = command.replace(b'\0', b' ').decode(errors='replace').split()
                return f'process {pid} has it ({" ".join(words)[:100]})'
    return None


def _listening(table: Path, port: int) -> set[str]:
    inodes = set()
    with contextlib.suppress(OSError):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(':')[2], 16) == port:
                inodes.add(fields[9])
    return inodes
