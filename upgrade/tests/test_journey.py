"""Apply and rollback on hosts reached through a real sshd."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from upgrade.tests import made_up
from upgrade.tests.world import World


def test_apply_verify_status_rollback(operator: World) -> None:
    """After apply a target is the fork; after rollback every byte, mode and time is as before."""
    node = operator.node('one')
    before = node.files()

    assert 'fault' not in operator.does('check')
    plan = json.loads(operator.does('plan', '--json'))['targets'][0]
    assert {file['path']: file['kind'] for file in plan['files']} == {
        'nova/adjust/__init__.py': 'new',
        'nova/adjust/work.py': 'new',
        'nova/compute/api.py': 'modified',
        'nova/compute/manager.py': 'modified',
        'nova/elastic.py': 'new',
        'nova/version.py': 'modified',
        'nova-29.4.0+xloud.1.dist-info/METADATA': 'metadata',
        'nova-29.4.0+xloud.1.dist-info/WHEEL': 'metadata',
        'nova-29.4.0+xloud.1.dist-info/entry_points.txt': 'metadata',
    }
    assert node.files() == before

    assert operator.does('apply') == 'one/nova: changed\n1 target has nova 29.4.0+xloud.1\n'
    assert node.runs == '29.4.0+xloud.1'
    operator.does('verify')
    status = json.loads(operator.does('status', '--json'))[0]
    assert (status['version'], status['services']) == ('29.4.0+xloud.1', {'compute': True})

    after = node.files()
    assert '1 target has' in operator.does('apply')
    assert node.files() == after

    operator.does('rollback')
    assert node.runs == '29.4.0'
    assert node.files() == before
    assert 'one/nova: nothing to do' in operator.does('rollback')


def test_through_a_command_that_changes_the_user(operator: World) -> None:
    """``become`` stands before all that runs there, rsync's other end included."""
    log = operator.folder / 'became'
    script = operator.folder / 'become'
    script.write_text(f'#!/bin/sh\necho "$1" >> {log}\nexec "$@"\n')
    script.chmod(0o755)
    node = operator.node('one', host=f'become = "{script}"')
    operator.does('apply')
    assert node.is_fork
    assert {line.rpartition('/')[2] for line in log.read_text().split()} == {'python', 'rsync'}


def test_the_page_of_all_files(operator: World) -> None:
    """It lists each with its kind, size, mode and hash."""
    operator.node('one')
    operator.does('plan', '--page', 'FILE_MAPPING.md')
    content = made_up.FORK['nova/elastic.py'].encode()
    sha256 = hashlib.sha256(content).hexdigest()
    lines = (operator.folder / 'FILE_MAPPING.md').read_text().splitlines()
    assert [line for line in lines if 'elastic.py' in line] == [
        f'| `nova/elastic.py` | new | {len(content)} | 0644 | `{sha256[:12]}` |  |'
    ]


@pytest.mark.parametrize('kind', ['folder', 'file'])
def test_a_nova_that_a_distribution_has_packaged(operator: World, kind: str) -> None:
    """Its egg-info does not stay beside the metadata of the fork, and comes back."""
    node = operator.node('one')
    info = node.site / 'nova-29.4.0.dist-info'
    egg = info.with_name('nova-29.4.0.egg-info')
    metadata = (info / 'METADATA').read_text()
    shutil.rmtree(info)
    if kind == 'folder':
        egg.mkdir()
        (egg / 'PKG-INFO').write_text(metadata)
    else:
        egg.write_text(metadata)
    before = node.files()
    operator.does('apply')
    assert node.is_fork
    operator.does('verify')
    operator.does('rollback')
    assert node.files() == before


@pytest.mark.parametrize('version', ['3.9', '3.13'])
def test_under_other_pythons(operator: World, version: str) -> None:
    """The target's Python is that of its release, and not the operator's."""
    python = _python(version)
    if not python:
        pytest.skip(f'there is no Python {version} here')
    node = operator.node('one', python=python)
    before = node.files()
    assert f'Python {version}.' in operator.does('check')
    operator.does('apply')
    assert node.is_fork
    operator.does('rollback')
    assert node.files() == before


def _python(version: str) -> str:
    """One on the path, or one of pyenv's."""
    candidates = [shutil.which(f'python{version}') or '']
    candidates += map(str, Path.home().glob(f'.pyenv/versions/{version}.*/bin/python3'))
    for python in filter(None, candidates):
        done = subprocess.run([python, '-c', 'import venv'], capture_output=True, check=False)
        if done.returncode == 0:
            return python
    return ''
