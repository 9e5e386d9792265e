"""The Python API: its requests to Nova, and how it reads the answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import ADJUST, SERVER, SPECS, STATUS, Nova, recorded, status
from openstack import exceptions

from xloudclient import (
    Adjust,
    AdjustFailed,
    AdjustTimeout,
    Elastic,
    FlavorSize,
    Forecast,
    NotSupported,
    ServerSize,
)

SAMPLE = Path(__file__).parents[3] / 'doc/api_samples/os-xloud-adjust/status-resp.json'
FAILED = recorded('status-failed')['xloud_status']['adjust']
FULL = 'Its host has 2 vCPUs available; the request needs 3 more.'


def refusal(text: str, **code: object) -> dict[str, object]:
    return {'conflictingRequest': {'code': 409, 'message': text, **code}}


def test_size(nova: Nova, elastic: Elastic) -> None:
    """Every field of the API is there, under its name."""
    nova.answer(STATUS, recorded('status-running'))
    size = elastic.size('web')
    answer = recorded('status-running')['xloud_status']
    last = answer.pop('adjust')
    assert {name: getattr(size, name) for name in answer} == answer
    assert size.adjust == Adjust('running', last['since'], None, None, vcpus=3, memory_mb=640)


def test_floor(nova: Nova, elastic: Elastic) -> None:
    """The memory that the guest needs is there if Nova knows it, and None if it does not."""
    nova.answer(STATUS, recorded('status-succeeded'))
    assert elastic.size('web').floor_memory_mb == 192
    nova.answer(STATUS, recorded('status-new'))
    assert elastic.size('web').floor_memory_mb is None


def test_all_that_is_documented(nova: Nova, elastic: Elastic) -> None:
    """What the API's own sample shows is there under the same names."""
    answer = json.loads(SAMPLE.read_text())
    nova.answer(STATUS, answer)
    size = elastic.size('web')
    status = {name: value for name, value in answer['xloud_status'].items() if name != 'adjust'}
    assert {name: getattr(size, name) for name in status} == status


def test_earlier_api(nova: Nova, elastic: Elastic) -> None:
    """A Nova that gives no codes of failures is read as well."""
    answer = recorded('status-failed')
    del answer['xloud_status']['adjust']['code']
    nova.answer(STATUS, answer)
    last = elastic.size('web').adjust
    assert (last.state, last.code) == ('failed', None)


def test_size_of_a_server_that_was_never_adjusted(nova: Nova, elastic: Elastic) -> None:
    """It has no last adjustment."""
    nova.answer(STATUS, recorded('status-new'))
    assert elastic.size(SERVER).adjust is None


def test_later_api(nova: Nova, elastic: Elastic) -> None:
    """Fields that a later Nova adds are ignored."""
    nova.answer(STATUS, status('new', numa_nodes=2))
    assert elastic.size('web').current_vcpus == 1


def test_stock_nova(nova: Nova, elastic: Elastic) -> None:
    """Stock Nova is distinguished from a server that does not exist."""
    text = '^The Compute service of this cloud has no elastic servers.$'
    with pytest.raises(NotSupported, match=text):
        elastic.size('web')
    with pytest.raises(NotSupported, match=text):
        elastic.adjust('web', 2)
    nova.answer(STATUS, recorded('refused-name'), status=404)
    with pytest.raises(exceptions.NotFoundException):
        elastic.size('web')


def test_sizes(nova: Nova, elastic: Elastic) -> None:
    """Each server comes with its size; one that is deleted in the meantime is left out."""
    servers = recorded('servers')
    servers['servers'].append({**servers['servers'][0], 'id': 'gone', 'name': 'gone'})
    nova.answer(('GET', '/servers/detail'), servers)
    nova.answer(('GET', '/servers/gone/xloud-status'), recorded('refused-name'), status=404)
    nova.answer(STATUS, recorded('status-new'))
    ((server, size),) = elastic.sizes()
    assert (server.name, size.current_memory_mb) == ('web', 768)


def test_sizes_on_a_host(nova: Nova, elastic: Elastic) -> None:
    """Nova selects the servers on a host, or of all projects."""
    for query in ('host=compute1', 'all_tenants=True', 'all_tenants=True&host=compute1'):
        nova.answer(('GET', f'/servers/detail?{query}'), {'servers': []})
    assert elastic.sizes(host='compute1') == []
    assert elastic.sizes(all_projects=True) == []
    assert elastic.sizes('compute1', all_projects=True) == []


def test_adjust(nova: Nova, elastic: Elastic) -> None:
    """Only what is given is requested; without waiting, the adjustment is then in progress."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-running'))
    assert elastic.adjust('web', 3, 640).adjust.state == 'running'
    elastic.adjust(SERVER, vcpus=2)
    elastic.adjust(elastic.find_server('web'), memory_mb=512, live_only=True)
    elastic.adjust('web', memory_mb=64, force=True)
    assert nova.bodies(ADJUST) == [
        {'current_vcpus': 3, 'current_memory_mb': 640, 'persist': True},
        {'current_vcpus': 2, 'persist': True},
        {'current_memory_mb': 512, 'persist': False},
        {'current_memory_mb': 64, 'persist': True, 'force': True},
    ]


def test_refused(nova: Nova, elastic: Elastic) -> None:
    """A refusal is an exception of openstacksdk, with Nova's sentence and the code."""
    nova.answer(ADJUST, refusal(FULL, error_code='xloud.host_full'), status=409)
    with pytest.raises(exceptions.ConflictException) as caught:
        elastic.adjust('web', 3, wait=True)
    assert (caught.value.details, caught.value.code) == (FULL, 'xloud.host_full')
    assert not nova.bodies(STATUS)


@pytest.mark.parametrize(
    'answer',
    [refusal(FULL), refusal(FULL, error_code=7), 'conflict', ['conflict'], {}, {'a': {}, 'b': {}}],
)
def test_refused_without_a_code(nova: Nova, elastic: Elastic, answer: object) -> None:
    """Without a code in Nova's answer, whatever it is, the code is None."""
    nova.answer(ADJUST, answer, status=409)
    with pytest.raises(exceptions.ConflictException) as caught:
        elastic.adjust('web', 3)
    assert caught.value.code is None


def test_code_of_every_call(nova: Nova, elastic: Elastic) -> None:
    """An exception has a code whichever call raises it, also one that openstacksdk makes."""
    forbidden = {'forbidden': {'code': 403, 'message': 'no', 'error_code': 'xloud.example'}}
    paths = ('/servers/web', '/servers/detail', '/servers/detail?name=web', '/flavors/web',
             '/flavors/detail', '/flavors/detail?is_public=None')  # fmt: skip
    for call in (*(('GET', path) for path in paths), SPECS):
        nova.answer(call, forbidden, status=403)
    for refused in (
        lambda: elastic.find_server('web'),
        lambda: elastic.size('web'),
        lambda: elastic.sizes(),
        lambda: elastic.adjust('web', 1),
        lambda: elastic.dry_run('web', 1),
        lambda: elastic.wait('web', 1),
        lambda: elastic.flavor_specs('web'),
        lambda: elastic.change_flavor_specs('elastic', {'minimum_cpu': '1'}),
        lambda: elastic.flavor('web'),
        lambda: elastic.set_flavor('elastic', 1),
        lambda: elastic.unset_flavor('web'),
    ):
        with pytest.raises(exceptions.ForbiddenException) as caught:
            refused()
        assert caught.value.code == 'xloud.example'


def test_wait(nova: Nova, elastic: Elastic) -> None:
    """It requests the status until the adjustment is over, and reports each."""
    nova.answer(ADJUST, {}, status=202)
    running, grown = recorded('status-running'), status('running', current_vcpus=3)
    done = status('succeeded', current_vcpus=3, current_memory_mb=640, guest_vcpus=3)
    nova.answer(STATUS, running, grown, done)
    steps: list[ServerSize] = []
    size = elastic.adjust('web', 3, 640, wait=True, progress=steps.append)
    assert [step.adjust.state for step in steps] == ['running', 'running', 'succeeded']
    assert steps[-1] is size
    assert (size.current_vcpus, size.current_memory_mb) == (3, 640)


@pytest.mark.parametrize(
    ('answer', 'reason', 'code'),
    [
        (
            status('failed'),
            'The guest has no active balloon driver. It still has 768 MiB after 10 seconds.',
            'xloud.no_balloon_driver',
        ),
        (
            status('failed', adjust={**FAILED, 'reason': None, 'code': None}),
            'Nova gives no reason.',
            None,
        ),
        (
            status('succeeded', current_vcpus=2, current_memory_mb=640),
            'The server has 2 vCPUs, not the requested 3.',
            None,
        ),
        (
            status('succeeded', current_vcpus=3, guest_vcpus=2, current_memory_mb=640),
            'The guest has 2 of 3 vCPUs online.',
            None,
        ),
        (
            status('succeeded', current_vcpus=3, guest_vcpus=3, current_memory_mb=631),
            'The server has 631 MiB of memory, not the requested 640 MiB.',
            None,
        ),
    ],
    ids=[
        'it failed',
        'without a reason',
        'vCPUs changed since',
        'guest leaves one offline',
        'memory changed since',
    ],
)
def test_wait_in_vain(
    nova: Nova, elastic: Elastic, answer: object, reason: str, code: str | None
) -> None:
    """It succeeds only once the guest has the new size; otherwise it says why not."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-running'), answer)
    with pytest.raises(AdjustFailed) as caught:
        elastic.adjust('web', 3, 640, wait=True)
    assert (str(caught.value), caught.value.code) == (reason, code)


def test_memory_that_was_rounded(nova: Nova, elastic: Elastic) -> None:
    """Nova takes memory close to a bound for the bound."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, status('succeeded', current_memory_mb=768))
    assert elastic.adjust('web', memory_mb=760, wait=True).current_memory_mb == 768


def test_fixed_server_with_a_past(nova: Nova, elastic: Elastic) -> None:
    """A server of a fixed flavor accepts only its size, whatever failed before its resize."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, status('failed', elastic=False))
    assert elastic.adjust('web', 1, 768, wait=True).elastic is False


def test_wait_for_an_adjustment_of_before(nova: Nova, elastic: Elastic) -> None:
    """What has been requested before can be waited for without another request."""
    done = status('succeeded', current_vcpus=3, guest_vcpus=3)
    nova.answer(STATUS, recorded('status-running'), done)
    assert elastic.wait('web', 3).current_vcpus == 3
    assert not nova.bodies(ADJUST)


def test_timeout(nova: Nova, elastic: Elastic) -> None:
    """After the timeout, the exception says that the adjustment goes on."""
    nova.answer(ADJUST, {}, status=202)
    nova.answer(STATUS, recorded('status-running'))
    with pytest.raises(AdjustTimeout) as caught:
        elastic.adjust('web', 3, wait=True, timeout=0.1)
    assert str(caught.value) == 'The server is still being adjusted after 0 seconds.'


def test_flavor(nova: Nova, elastic: Elastic) -> None:
    """A flavor has a minimum and a maximum."""
    assert elastic.flavor('elastic') == FlavorSize('elastic', 'elastic', True, 1, 256, 4, 768)
    assert elastic.flavor('small') == FlavorSize('small', 'small', False, 1, 192, 1, 192)


@pytest.mark.parametrize('spec', ['two', '0', '9', ''])
def test_flavor_with_an_invalid_minimum(nova: Nova, elastic: Elastic, spec: str) -> None:
    """An invalid minimum, which stock Nova lets one set, is ignored, as Nova does."""
    answer = recorded('flavor-elastic')
    answer['flavor']['extra_specs'] = {'minimum_cpu': spec}
    nova.answer(('GET', '/flavors/elastic'), answer)
    assert elastic.flavor('elastic') == FlavorSize('elastic', 'elastic', False, 4, 768, 4, 768)


def test_set_flavor(nova: Nova, elastic: Elastic) -> None:
    """Both minimums are set in one request, or the one that is given."""
    nova.answer(SPECS, {'extra_specs': {}})
    elastic.set_flavor('elastic', 2, 512)
    elastic.set_flavor('elastic', min_memory_mb=256)
    assert nova.bodies(SPECS) == [
        {'extra_specs': {'minimum_cpu': '2', 'minimum_memory': '512'}},
        {'extra_specs': {'minimum_memory': '256'}},
    ]


def test_unset_flavor(nova: Nova, elastic: Elastic) -> None:
    """Minimums that exist are removed, one by one or both."""
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


def test_dry_run(nova: Nova, elastic: Elastic) -> None:
    """The request is that of the adjustment, and the answer says what would become of it."""
    answer = {'outcome': 'refused', 'code': 'xloud.host_full', 'reason': FULL}
    nova.answer(ADJUST, {'dry_run': answer})
    forecast = elastic.dry_run('web', 4, 2048, live_only=True, for_seconds=60, when_full='wait')
    assert forecast == Forecast('refused', 'xloud.host_full', FULL)
    (body,) = nova.bodies(ADJUST)
    assert body == {
        'current_vcpus': 4,
        'current_memory_mb': 2048,
        'persist': False,
        'for_seconds': 60,
        'when_full': 'wait',
        'dry_run': True,
    }


def set_extra_specs(nova: Nova, **specs: str) -> None:
    """Set what the elastic flavor has, with `hw_` for `hw:`, and accept changes."""
    answer = recorded('flavor-elastic')
    named = {name.replace('hw_', 'hw:'): value for name, value in specs.items()}
    answer['flavor']['extra_specs'] = named
    nova.answer(('GET', '/flavors/elastic'), answer)
    nova.answer(SPECS, {'extra_specs': {}})
    for name in named:
        nova.answer(('DELETE', f'{SPECS[1]}/{name}'), {})


@pytest.mark.parametrize(
    ('specs', 'minimum'),
    [
        ({'hw_cpu_min': '1'}, (1, 768)),
        ({'hw_mem_min': '256'}, (4, 256)),
        ({'minimum_cpu': '1', 'hw_cpu_min': '01', 'hw_mem_min': '256'}, (1, 256)),
        # Two names that set different minimums set none.
        ({'minimum_cpu': '1', 'hw_cpu_min': '2', 'hw_mem_min': '256'}, (4, 256)),
    ],
)
def test_flavor_with_other_names(
    nova: Nova, elastic: Elastic, specs: dict[str, str], minimum: tuple[int, int]
) -> None:
    """The other names of a minimum count as they do for Nova."""
    set_extra_specs(nova, **specs)
    assert elastic.flavor('elastic') == FlavorSize('elastic', 'elastic', True, *minimum, 4, 768)


def test_set_flavor_with_other_names(nova: Nova, elastic: Elastic) -> None:
    """A minimum is set by the names that are there, so that they agree."""
    set_extra_specs(nova, hw_cpu_min='1', minimum_memory='256', hw_mem_min='256')
    elastic.set_flavor('elastic', 2, 512)
    names = 'hw:cpu_min', 'minimum_memory', 'hw:mem_min'
    assert nova.bodies(SPECS) == [{'extra_specs': dict(zip(names, ('2', '512', '512')))}]


def test_unset_flavor_with_other_names(nova: Nova, elastic: Elastic) -> None:
    """A flavor is fixed again, whatever names its minimums have."""
    set_extra_specs(nova, hw_cpu_min='1', minimum_memory='256', hw_mem_min='256')
    elastic.unset_flavor('elastic', memory=False)
    elastic.unset_flavor('elastic', vcpus=False)
    assert [path for method, path, _ in nova.calls if method == 'DELETE'] == [
        f'{SPECS[1]}/{name}' for name in ('hw:cpu_min', 'minimum_memory', 'hw:mem_min')
    ]
