"""The commands and the Python API for what images declare about their guests."""

from __future__ import annotations

import json
from typing import Any, Callable

import openstack
import pytest
from conftest import IMAGE, PATCH, Ended, Nova
from openstack.exceptions import HttpException

import xloudclient

Command = Callable[..., Ended]

DECLARED = {
    'os_elastic_vcpus': 'grow',
    'os_elastic_memory': 'balloon,virtio-mem',
    'os_elastic_tested': 'by us',
}


@pytest.fixture
def images(cloud: None) -> xloudclient.ElasticImages:
    """The Python API, on openstacksdk."""
    return xloudclient.ElasticImages(openstack.connect(cloud='mycloud').image)


def add(**values: str) -> list[dict[str, Any]]:
    """Return the body of a request that sets properties."""
    return [
        {'op': 'add', 'path': f'/os_elastic_{name}', 'value': value}
        for name, value in values.items()
    ]


@pytest.mark.parametrize(
    ('words', 'changes'),
    [
        (('--vcpus', 'grow'), add(vcpus='grow')),
        (('--memory', 'no', '--vcpus', 'yes'), add(vcpus='yes', memory='no')),
        (('--memory', 'virtio-mem,balloon'), add(memory='balloon,virtio-mem')),
        (('--tested', 'by us, today'), add(tested='by us, today')),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, tuple) else '',
)
def test_set(
    nova: Nova, command: Command, words: tuple[str, ...], changes: list[dict[str, str]]
) -> None:
    """What is named is set in one request, and all else of the image stays."""
    assert command('image', 'elastic', 'set', 'debian', *words) == Ended(0, '', '')
    assert nova.bodies(PATCH) == [changes]


@pytest.mark.parametrize(
    ('words', 'code', 'text'),
    [
        ((), 1, 'Nothing to set: use --vcpus, --memory or --tested.'),
        (('--vcpus', 'true'), 2, "argument --vcpus: invalid choice: 'true'"),
        (('--memory', 'balloon,no'), 2, "argument --memory: invalid choice: 'balloon,no'"),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, tuple) else '',
)
def test_nonsense(
    nova: Nova, command: Command, words: tuple[str, ...], code: int, text: str
) -> None:
    """What Nova would refuse later is not set."""
    ended = command('image', 'elastic', 'set', 'debian', *words)
    assert (ended.status, ended.out) == (code, '')
    assert text in ended.err.splitlines()[-1]
    assert nova.calls == []


@pytest.mark.parametrize(
    ('words', 'removed'),
    [
        ((), ['vcpus', 'memory', 'tested']),
        (('--vcpus',), ['vcpus']),
        (('--memory', '--tested'), ['memory', 'tested']),
    ],
    ids=lambda value: ' '.join(value) if isinstance(value, tuple) else '',
)
def test_unset(nova: Nova, command: Command, words: tuple[str, ...], removed: list[str]) -> None:
    """All that is declared is removed, or what is named."""
    nova.image(**DECLARED)
    assert command('image', 'elastic', 'unset', 'debian', *words) == Ended(0, '', '')
    assert nova.bodies(PATCH) == [
        [{'op': 'remove', 'path': f'/os_elastic_{name}'} for name in removed]
    ]


def test_unset_what_is_not_set(nova: Nova, command: Command) -> None:
    """Glance refuses to remove what is not there, so it is not asked to."""
    nova.image(os_elastic_tested='by us')
    assert command('image', 'elastic', 'unset', 'debian', '--vcpus') == Ended(0, '', '')
    assert nova.bodies(PATCH) == []


def test_show(nova: Nova, command: Command) -> None:
    """What an image does not declare is null."""
    words = ('image', 'elastic', 'show', 'debian', '-f', 'json')
    nothing = {'id': IMAGE, 'name': 'debian', 'vcpus': None, 'memory': None, 'tested': None}
    assert json.loads(command(*words).out) == nothing
    nova.image(**DECLARED)
    assert json.loads(command(*words).out) == {
        'id': IMAGE, 'name': 'debian',
        'vcpus': 'grow', 'memory': 'balloon,virtio-mem', 'tested': 'by us',
    }  # fmt: skip


def test_refused(nova: Nova, command: Command) -> None:
    """The reason of Glance, and nothing else."""
    nova.answer(PATCH, {'message': 'Property os_elastic_vcpus is protected.'}, status=403)
    ended = command('image', 'elastic', 'set', 'debian', '--vcpus', 'yes')
    assert ended == Ended(1, '', 'Property os_elastic_vcpus is protected.\n')
    ended = command('image', 'elastic', 'show', 'absent')
    assert (ended.status, ended.err) == (1, 'No Image found for absent\n')


def test_refused_in_html(nova: Nova, command: Command) -> None:
    """Glance's answers in HTML, too, begin with the reason."""
    page = """<html>
 <head>
  <title>403 Forbidden</title>
 </head>
 <body>
  <h1>403 Forbidden</h1>
  Property os_elastic_vcpus is protected.<br /><br />
 </body>
</html>"""
    nova.answer(PATCH, page, status=403)
    ended = command('image', 'elastic', 'set', 'debian', '--vcpus', 'yes')
    reason = '403 Forbidden: Property os_elastic_vcpus is protected.'
    assert ended == Ended(1, '', f'{reason}\n')


def test_python(nova: Nova, images: xloudclient.ElasticImages) -> None:
    """The same in Python; images are names, IDs or objects."""
    nova.image(**DECLARED)
    declared = images.image('debian')
    assert declared == images.image(IMAGE)
    assert (declared.vcpus, declared.memory, declared.tested) == tuple(DECLARED.values())
    image = openstack.connect(cloud='mycloud').image.get_image(IMAGE)
    images.set_image(image, vcpus='no', tested='')
    images.unset_image(image, vcpus=False)
    assert nova.bodies(PATCH) == [
        add(vcpus='no', tested=''),
        [{'op': 'remove', 'path': f'/os_elastic_{name}'} for name in ('memory', 'tested')],
    ]
    nova.answer(PATCH, {'message': 'No.'}, status=403)
    with pytest.raises(HttpException) as caught:
        images.set_image(image, vcpus='yes')
    assert caught.value.code is None  # type: ignore[attr-defined]


@pytest.mark.parametrize('name', ['set', 'unset', 'show'])
def test_help(command: Command, name: str) -> None:
    """Help describes the command and names the plugin that it is from."""
    ended = command('help', 'image', 'elastic', name)
    assert ended.status == 0
    assert f'usage: openstack image elastic {name}' in ended.out
    assert 'provided by the python-xloudclient plugin' in ended.out
