"""The Python API: what it asks of Nova, and what it makes of the answers."""

from __future__ import annotations

import pytest
from conftest import ADJUST, SERVER, SPECS, STATUS, Nova, recorded, status
from openstack import exceptions

from xloudclient import (
    Adjust,
    AdjustFailed,
    AdjustTimeout,
    Elastic,
    FlavorSize,
    NotSupported,
    ServerSize,
)

FAILED = recorded('status-failed')['xloud_status']['adjust']
FULL = 'The host of the server has 2 vCPUs left, and not the 3 that were asked for.'


def refusal(text: str) -> dict[str, object]:
    return {'conflictingRequest': {'code': 409, 'message': text}}


def test_size(nova: Nova, elastic: Elastic) -> None:
    """All that the API says can be had, under its names."""
    nova.answer(STATUS, recorded('status-running'))
    size = elastic.size('web')
    said = recorded('status-running')['xloud_status']
    last = said.pop('adjust')
    assert {name: getattr(size, name) for name in said} == said
    assert size.adjust == Adjust('running', last['since'], None, vcpus=3, memory_mb=640)


def test_size_of_a_server_that_was_never_adjusted(nova: Nova, elastic: Elastic) -> None:
    """It has no last change."""
    nova.answer(STATUS, recorded('status-new'))
    assert elastic.size(SERVER).adjust is None


def test_later_api(nova: Nova, elastic: Elastic) -> None:
    """What a later Nova says besides does no harm."""
    nova.answer(STATUS, status('new', numa_nodes=2))
    assert elastic.size('web').current_vcpus == 1


def test_stock_nova(nova: Nova, elastic: Elastic) -> None:
    """A Nova that is not the fork is told apart from a server that is not there."""
    text = '^The Compute service of this cloud has no elastic servers.$'
    with pytest.raises(NotSupported, match=text):
        elastic.size('web')
    with pytest.raises(NotSupported, match=text):
        elastic.adjust('web', 2)
    nova.answer(STATUS, recorded('refused-name'), status=404)
    with pytest.raises(exceptions.NotFoundException):
        elastic.size('web')


def test_sizes(nova: Nova, elastic: Elastic) -> None:
    """Each server comes with its size; one that goes meanwhile is left out."""
    servers = recorded('servers')
    servers['servers'].append({**servers['servers'][0], 'id': 'gone', 'name': 'gone'})
    nova.answer(('GET', '/servers/detail'), servers)
    nova.answer(('GET', '/servers/gone/xloud-status'), recorded('refused-name'), status=404)
    nova.answer(STATUS, recorded('status-new'))
    ((server, size),) = elastic.sizes()
    assert (server.name, size.current_memory_mb) == ('web', 768)


def test_sizes_on_a_host(nova: Nova, elastic: Elastic) -> None:
    """It is Nova that looks which servers are on a host, or in other projects."""
    for query in ('host=compute1', 'all_tenants=True', 'all_tenants=True&host=compute1'):
        nova.answer(('GET', f'/servers/detail?{query}'), {'servers': []})
    assert elastic.sizes(host='compute1') == []
    assert elastic.sizes(all_projects=True) == []
    assert elastic.sizes('compute1', all_projects=True) == []


def test_adjust(nova: Nova, elastic: Elastic) -> None:
    """Only what is given is asked for; without waiting the change is under way then."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-running'))
    assert elastic.adjust('web', 3, 640).adjust.state == 'running'
    elastic.adjust(SERVER, vcpus=2)
    elastic.adjust(elastic.find_server('web'), memory_mb=512, live_only=True)
    assert nova.asked(ADJUST) == [
        {'current_vcpus': 3, 'current_memory_mb': 640, 'persist': True},
        {'current_vcpus': 2, 'persist': True},
        {'current_memory_mb': 512, 'persist': False},
    ]


def test_refused(nova: Nova, elastic: Elastic) -> None:
    """What Nova refuses is an error of openstacksdk with Nova's sentence."""
    nova.answer(ADJUST, refusal(FULL), status=409)
    with pytest.raises(exceptions.ConflictException) as caught:
        elastic.adjust('web', 3, wait=True)
    assert caught.value.details == FULL
    assert not nova.asked(STATUS)


def test_wait(nova: Nova, elastic: Elastic) -> None:
    """It looks until the change is over, and says each time how far it is."""
    nova.answer(ADJUST, {}, status=202)
    running, grown = recorded('status-running'), status('running', current_vcpus=3)
    done = status('succeeded', current_vcpus=3, current_memory_mb=640, guest_vcpus=3)
    nova.answer(STATUS, running, grown, done)
    seen: list[ServerSize] = []
    size = elastic.adjust('web', 3, 640, wait=True, progress=seen.append)
    assert [each.adjust.state for each in seen] == ['running', 'running', 'succeeded']
    assert seen[-1] is size
    assert (size.current_vcpus, size.current_memory_mb) == (3, 640)


@pytest.mark.parametrize(
    ('answer', 'reason'),
    [
        (
            status('failed'),
            'The guest has no active balloon driver. It still has 768 MiB after 10 seconds.',
        ),
        (
            status('failed', adjust={**FAILED, 'reason': None}),
            'Nova does not say why.',
        ),
        (
            status('succeeded', current_vcpus=2, current_memory_mb=640),
            'The server has 2 vCPUs, and not the 3 asked for.',
        ),
        (
            status('succeeded', current_vcpus=3, guest_vcpus=2, current_memory_mb=640),
            'The guest uses 2 of its 3 vCPUs.',
        ),
        (
            status('succeeded', current_vcpus=3, guest_vcpus=3, current_memory_mb=631),
            'The server has 631 MiB of memory, and not the 640 asked for.',
        ),
    ],
    ids=[
        'it failed',
        'for no known reason',
        'vCPUs changed since',
        'guest leaves one offline',
        'memory changed since',
    ],
)
def test_wait_in_vain(nova: Nova, elastic: Elastic, answer: object, reason: str) -> None:
    """It succeeds only when the guest has it; else it says why not."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-running'), answer)
    with pytest.raises(AdjustFailed) as caught:
        elastic.adjust('web', 3, 640, wait=True)
    assert str(caught.value) == reason


def test_memory_that_was_rounded(nova: Nova, elastic: Elastic) -> None:
    """Nova takes what is a little beside a bound for the bound."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, status('succeeded', current_memory_mb=768))
    assert elastic.adjust('web', memory_mb=760, wait=True).current_memory_mb == 768


def test_fixed_server_with_a_past(nova: Nova, elastic: Elastic) -> None:
    """A server of a fixed flavor was asked for what it has, whatever failed before its resize."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, status('failed', elastic=False))
    assert elastic.adjust('web', 1, 768, wait=True).elastic is False


def test_timeout(nova: Nova, elastic: Elastic) -> None:
    """Whoever waits for so long and no longer is told that it goes on."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-running'))
    with pytest.raises(AdjustTimeout) as caught:
        elastic.adjust('web', 3, wait=True, timeout=0.1)
    assert str(caught.value) == 'The server is still being adjusted after 0 seconds.'


def test_flavor(nova: Nova, elastic: Elastic) -> None:
    """A flavor tells what its servers boot with, and can have."""
    assert elastic.flavor('elastic') == FlavorSize('elastic', 'elastic', True, 1, 256, 4, 768)
    assert elastic.flavor('small') == FlavorSize('small', 'small', False, 1, 192, 1, 192)


@pytest.mark.parametrize('spec', ['two', '0', '9', ''])
def test_flavor_with_an_invalid_minimum(nova: Nova, elastic: Elastic, spec: str) -> None:
    """A minimum that is none, as stock Nova lets it be set, counts for nothing, as in Nova."""
    answer = recorded('flavor-elastic')
    answer['flavor']['extra_specs'] = {'minimum_cpu': spec}
    nova.answer(('GET', '/flavors/elastic'), answer)
    assert elastic.flavor('elastic') == FlavorSize('elastic', 'elastic', False, 4, 768, 4, 768)


def test_set_flavor(nova: Nova, elastic: Elastic) -> None:
    """Both minimums are set at once, or the one that is given."""
    nova.answer(SPECS, {'extra_specs': {}})
    elastic.set_flavor('elastic', 2, 512)
    elastic.set_flavor('elastic', min_memory_mb=256)
    assert nova.asked(SPECS) == [
        {'extra_specs': {'minimum_cpu': '2', 'minimum_memory': '512'}},
        {'extra_specs': {'minimum_memory': '256'}},
    ]


def test_unset_flavor(nova: Nova, elastic: Elastic) -> None:
    """What is there is removed, and the rest left alone."""
    specs = '/flavors/elastic/os-extra_specs'
    for name in ('minimum_cpu', 'minimum_memory'):
        nova.answer(('DELETE', f'{specs}/{name}'), {})
    elastic.unset_flavor('elastic', memory=False)
    elastic.unset_flavor('elastic')
    elastic.unset_flavor('small')
    assert [path for method, path, _ in nova.calls if method == 'DELETE'] == [
        f'{specs}/minimum_cpu',
        f'{specs}/minimum_cpu',
        f'{specs}/minimum_memory',
    ]
