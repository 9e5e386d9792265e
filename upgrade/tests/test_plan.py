"""What speaks against touching a target, and what is only told."""

from pathlib import Path
from typing import Any

import pytest

from upgrade.fork import payload, plan
from upgrade.openstack import sizes, smoke
from upgrade.target.inventory import Host, Target
from upgrade.tests import made_up

TARGET = Target('one/nova', Host('one', 'one.example.org'), site_packages='/opt/nova')
ELASTIC = Path(payload.REPOSITORY, 'nova', 'elastic.py')


@pytest.fixture
def fork(artifacts: tuple[Path, Path]) -> payload.Payload:
    return payload.read(*artifacts)


@pytest.fixture
def facts(fork: payload.Payload) -> dict[str, Any]:
    """A target that has the release, and nothing that speaks against the fork."""
    return {
        'site': '/opt/nova',
        'versions': ['29.4.0'],
        'distributions': ['nova-29.4.0.dist-info'],
        'writable': [],
        'free': 1 << 30,
        'state': None,
        'files': {
            path: {'sha256': sha256, 'size': 10, 'mode': 0o640}
            for path, sha256 in fork.released.items()
        },
    }


def test_a_target_as_released(fork: payload.Payload, facts: dict[str, Any]) -> None:
    """Modified files keep the mode that they have there."""
    found = plan.judge(TARGET, fork, facts)
    assert (found.problems, found.notes, found.done) == ([], [], False)
    modes = {change.path: change.mode for change in found.changes}
    assert modes['nova/version.py'] == 0o640
    assert modes['nova/elastic.py'] == 0o644


@pytest.mark.parametrize(
    ('change', 'problem'),
    [
        (
            {'distributions': [], 'versions': []},
            'nova has no metadata beside it: it is installed for editing, or not by an installer\n'
            'install a released nova there first',
        ),
        (
            {'distributions': ['nova-29.2.0.dist-info', 'nova-29.4.0.dist-info']},
            'nova is installed twice: nova-29.2.0.dist-info, nova-29.4.0.dist-info; '
            'remove the metadata of the wrong one',
        ),
        (
            {'writable': ['/opt/nova/nova']},
            '/opt/nova/nova cannot be written by the user of the connection\n'
            'set `user`, `become` or, for a container, `exec_user`',
        ),
        (
            {'free': 1 << 20},
            '/opt/nova has 1 MiB free, 16 MiB are needed for the new files and a backup\n'
            'make room there',
        ),
    ],
)
def test_a_reason_not_to_touch_it(
    fork: payload.Payload, facts: dict[str, Any], change: dict[str, Any], problem: str
) -> None:
    """Each says what is wrong, and what to do."""
    assert plan.judge(TARGET, fork, {**facts, **change}).problems == [problem]


def test_links_and_missing_files(fork: payload.Payload, facts: dict[str, Any]) -> None:
    """A link in place of a file is somebody's arrangement; a missing one is somebody's accident."""
    facts['files']['nova/version.py'] = {'link': '/srv/version.py'}
    del facts['files']['nova/compute/api.py']
    api, version = plan.judge(TARGET, fork, facts).problems
    assert api == 'nova/compute/api.py is missing; put the file of 29.4.0 back'
    assert version.startswith('nova/version.py was modified here: its sha256 is a link, ')


def test_tests_go_where_tests_are(tmp_path: Path, facts: dict[str, Any]) -> None:
    """A distribution leaves Nova's tests out; there the fork's stay out as well."""
    files = {**made_up.FORK, 'nova/tests/test_elastic.py': 'def test(): pass\n'}
    wheel = made_up.wheel(tmp_path, '29.4.0+xloud.1', files, made_up.FORK_POINTS)
    fork = payload.read(wheel, made_up.tarball(tmp_path / 'nova-29.4.0.tar.gz'))

    def carried() -> bool:
        changes = plan.judge(TARGET, fork, facts).changes
        return 'nova/tests/test_elastic.py' in {change.path for change in changes}

    assert not carried()
    facts['files']['nova/tests/__init__.py'] = {'sha256': '', 'size': 0, 'mode': 0o644}
    assert carried()


def test_the_names_are_those_of_the_branch() -> None:
    """What the upgrade asks the API for is what the branch calls it."""
    source = ELASTIC.read_text()
    for name in (smoke.TRAIT, *sizes.SPECS):
        assert f"'{name}'" in source, f'{ELASTIC} knows no {name}: change upgrade/ with it'
