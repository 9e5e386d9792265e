"""The capacity of hosts, of services that answer as Nova and placement do."""

from __future__ import annotations

import json
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from xloud_dashboard import bars, capacity, service
from xloud_dashboard.capacity import Amounts, Host


def hypervisor(number: int) -> dict[str, Any]:
    return {
        'id': f'id{number}',
        'hypervisor_hostname': f'node{number}',
        'state': 'up',
        'status': 'enabled',
        'service': {'host': f'host{number}'},
    }


def server(name: str, node: int, vcpus: int, ram: int) -> dict[str, Any]:
    return {
        'id': name,
        'flavor': {'vcpus': vcpus, 'ram': ram},
        'OS-EXT-SRV-ATTR:hypervisor_hostname': f'node{node}',
    }


def inventory(total: int, reserved: int = 0, ratio: float = 1.0) -> dict[str, Any]:
    return {'total': total, 'reserved': reserved, 'allocation_ratio': ratio}


class Cloud:
    """What the services know, and which requests they got."""

    def __init__(self) -> None:
        self.hypervisors = [hypervisor(number) for number in (1, 2)]
        self.servers: dict[str, list[dict[str, Any]]] = {
            'host1': [server('a', 1, 4, 4096), server('b', 1, 2, 1024)],
            'host2': [],
        }
        self.inventories: dict[str, Any] = {
            'id1': {
                'VCPU': inventory(4, 1, 4.0),
                'PCPU': inventory(2),
                'MEMORY_MB': inventory(8192, 512, 1.5),
                'DISK_GB': inventory(100),
            },
            'id2': {'VCPU': inventory(4), 'MEMORY_MB': inventory(1024)},
        }
        self.usages = {'id1': {'VCPU': 3, 'PCPU': 1, 'MEMORY_MB': 2048}, 'id2': {}}
        self.page = 1000
        self.paths: list[str] = []
        self.url = ''

    def answer(self, path: str) -> Any:
        """Return the answer to a request; None is an error."""
        place = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(place.query).items()}
        self.paths.append(path)
        if place.path == '/v2.1/os-hypervisors/detail':
            rest = _after(self.hypervisors, query)
            return {'hypervisors': rest[: int(query['limit'])]}
        if place.path == '/v2.1/servers/detail':
            assert query['all_tenants'] == '1'
            servers = _after(self.servers[query['host']], query)
            answer: dict[str, Any] = {'servers': servers[: self.page]}
            if len(servers) > self.page:
                answer['servers_links'] = [{'rel': 'next', 'href': 'x'}]
            return answer
        match = re.fullmatch('/placement/resource_providers/([^/]+)/(inventories|usages)', path)
        if match:
            entry = getattr(self, match[2]).get(match[1])
            return None if entry is None else {match[2]: entry}
        return {
            'version': {
                'id': 'v2.1',
                'status': 'CURRENT',
                'version': '2.96',
                'min_version': '2.1',
                'links': [{'rel': 'self', 'href': f'{self.url}/v2.1'}],
            }
        }

    def hosts(self, limit: int = 10, marker: str | None = None) -> list[Host]:
        compute = service.compute(f'{self.url}/v2.1', 'x')
        placement = service.placement(f'{self.url}/placement', 'x', True, 5)
        with compute as nova, placement as adapter:
            return capacity.hosts(nova, adapter, limit, marker)


def _after(entries: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    """Return the entries after the one that a request names."""
    names = [entry['id'] for entry in entries]
    return entries[names.index(query['marker']) + 1 :] if 'marker' in query else entries


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Start the services."""
    cloud = Cloud()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = cloud.answer(self.path)
            text = json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=http.serve_forever).start()
    cloud.url = f'http://127.0.0.1:{http.server_port}'
    yield cloud
    http.shutdown()
    http.server_close()


def test_amounts(cloud: Cloud) -> None:
    """Promised are the maximums of the flavors, and the total is what placement can allocate."""
    first, second = cloud.hosts()
    assert first.vcpus == Amounts(promised=6, accounted=4, total=(4 - 1) * 4 + 2)
    assert first.vcpus.available == 10
    assert first.memory_mb == Amounts(promised=5120, accounted=2048, total=(8192 - 512) * 3 // 2)
    assert second.vcpus == Amounts(promised=0, accounted=0, total=4)
    assert (first.name, second.name) == ('node1', 'node2')


def test_many_servers(cloud: Cloud) -> None:
    """Nova shows the servers of a host page by page: none is missing, and none counted twice."""
    cloud.page = 2
    cloud.servers['host1'] = [server(str(number), 1, 1, 100) for number in range(5)]
    assert cloud.hosts()[0].vcpus == Amounts(promised=5, accounted=4, total=14)
    assert len([path for path in cloud.paths if 'host=host1' in path]) == 3


def test_one_compute_service_with_several_nodes(cloud: Cloud) -> None:
    """Each node has its own servers, which are requested once."""
    cloud.hypervisors[1]['service']['host'] = 'host1'
    cloud.servers['host1'].append(server('c', 2, 3, 300))
    first, second = cloud.hosts()
    assert (first.vcpus.promised, second.vcpus.promised) == (6, 3)
    assert len([path for path in cloud.paths if '/servers/' in path]) == 1


def test_placement_does_not_know_a_host(cloud: Cloud) -> None:
    """Its amounts are not known, and those of the others are."""
    del cloud.inventories['id1']
    first, second = cloud.hosts()
    assert (first.vcpus, first.memory_mb) == (None, None)
    assert second.vcpus is not None


def test_bare_metal(cloud: Cloud) -> None:
    """A node without vCPUs has no amount of them."""
    cloud.inventories['id1'] = {'CUSTOM_METAL': inventory(1)}
    assert cloud.hosts()[0].vcpus is None


def test_pages(cloud: Cloud) -> None:
    """Only the hosts of a page are requested."""
    assert [host.id for host in cloud.hosts(1)] == ['id1']
    assert not [path for path in cloud.paths if 'host2' in path or 'id2' in path]
    assert [host.id for host in cloud.hosts(1, 'id1')] == ['id2']


def widths(amounts: Amounts) -> dict[str, tuple[float, float]]:
    """Return where the parts of a bar begin, and how long they are, in parts of the whole."""
    root = ET.fromstring(bars.svg(amounts))
    return {
        part.get('class', '').removeprefix('xloud-bar-'): tuple(
            round(float(part.get(name, '')) / 300, 2) for name in ('x', 'width')
        )
        for part in root.iter('rect')
    }


def test_a_bar() -> None:
    """It is as long as the total."""
    assert widths(Amounts(promised=8, accounted=4, total=16)) == {
        'total': (0, 1),
        'promised': (0, 0.5),
        'accounted': (0, 0.25),
    }


def test_a_bar_of_a_host_that_has_promised_more_than_it_has() -> None:
    """It is as long as the promise, and what is beyond the total has a colour of its own."""
    assert widths(Amounts(promised=16, accounted=4, total=8)) == {
        'total': (0, 0.5),
        'promised': (0, 0.5),
        'beyond': (0.5, 0.5),
        'accounted': (0, 0.25),
    }


@pytest.mark.parametrize('amounts', [Amounts(0, 0, 0), Amounts(0, 9, 8), Amounts(0, 0, 5)])
def test_bars_of_unusual_hosts(amounts: Amounts) -> None:
    """Nothing is outside of them."""
    assert all(start + length <= 1 for start, length in widths(amounts).values())
