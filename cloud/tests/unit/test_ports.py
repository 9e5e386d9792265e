"""Ports are looked at before they are used."""

from __future__ import annotations

import os
import socket

import pytest

from cloud import errors, ports


def test_free_port() -> None:
    """A free port is no trouble, and stays free."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    ports.check('keystone', port)
    ports.check('keystone', port)
    assert not ports.answers(port)


def test_port_in_use() -> None:
    """The message names the service, the port and who has it."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        assert ports.answers(port)
        with pytest.raises(errors.CheckError) as raised:
            ports.check('keystone', port)
    text = str(raised.value)
    start = f'keystone needs port {port} on 127.0.0.1, which cannot be had: '
    assert text.startswith(f'{start}process {os.getpid()} has it (')
    assert text.endswith(
        ')\nend that process, or move all ports with `xcloud up --port-offset 100` (on a new cloud)'
    )


def test_unread_request() -> None:
    """What was sent and not read is seen, also before the connection is accepted."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(('127.0.0.1', port)) as client:
            assert ports.unread(port) == 0
            client.sendall(b'a request')
            assert ports.unread(port) == len(b'a request')
            connection, _ = server.accept()
            with connection:
                connection.recv(100)
                assert ports.unread(port) == 0
                assert ports.connections(port, '127.0.0.1') == 1
                assert ports.connections(port, '127.0.1.1') == 0
