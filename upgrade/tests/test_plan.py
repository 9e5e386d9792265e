"""The reasons not to touch a target, and what is only noted."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from upgrade.agent.protocol import Installation, InstalledFile
from upgrade.fork import payload, plan
from upgrade.target.inventory import Host, TargetEntry
from upgrade.tests import made_up

TARGET = TargetEntry('one/nova', Host('one', 'one.example.org'), site_packages='/opt/nova')


@pytest.fixture
def fork(artifacts: tuple[Path, Path]) -> payload.Payload:
    return payload.read(*artifacts)


@pytest.fixture
def installed(fork: payload.Payload) -> Installation:
    """A target that has the release, and no reason not to be upgraded."""
    return Installation(
        site='/opt/nova',
        python='3.11.2',
        executable='/opt/nova/bin/python',
        distributions=['nova-29.4.0.dist-info'],
        versions=['29.4.0'],
        unwritable=[],
        free=1 << 30,
        files={
            path: InstalledFile(sha256, size=10, mode=0o640)
            for path, sha256 in fork.released.items()
        },
    )


def test_a_target_as_released(fork: payload.Payload, installed: Installation) -> None:
    """Modified files keep the mode that they have on the target."""
    planned = plan.make(TARGET, fork, installed)
    assert (planned.problems, planned.notes, planned.done) == ([], [], False)
    modes = {change.path: change.mode for change in planned.changes}
    assert modes['nova/version.py'] == 0o640
    assert modes['nova/elastic.py'] == 0o644


@pytest.mark.parametrize(
    ('change', 'problem'),
    [
        (
            {'distributions': [], 'versions': []},
            'nova has no metadata beside it: it was installed for editing, or without an '
            'installer\ninstall a released nova there first',
        ),
        (
            {'distributions': ['nova-29.2.0.dist-info', 'nova-29.4.0.dist-info']},
            'nova is installed twice: nova-29.2.0.dist-info, nova-29.4.0.dist-info; '
            'remove the wrong metadata',
        ),
        (
            {'unwritable': ['/opt/nova/nova']},
            'the user of the connection cannot write to /opt/nova/nova\n'
            'set `user`, `become` or, for a container, `exec_user`',
        ),
        (
            {'free': 1 << 20},
            '/opt/nova has 1 MiB available, 16 MiB are needed for the new files and a backup\n'
            'free some there',
        ),
    ],
)
def test_a_reason_not_to_touch_it(
    fork: payload.Payload, installed: Installation, change: dict[str, Any], problem: str
) -> None:
    """Each says what is wrong, and what to do."""
    assert plan.make(TARGET, fork, replace(installed, **change)).problems == [problem]


def test_a_fork_of_an_image(fork: payload.Payload, installed: Installation) -> None:
    """One that no upgrade has brought is left alone, unless it says that it is this one."""
    version = '29.4.0+xloud.0'
    other = replace(installed, distributions=[f'nova-{version}.dist-info'], versions=[version])
    planned = plan.make(TARGET, fork, other)
    assert (planned.problems, planned.done, planned.version) == ([], True, version)
    assert planned.notes == [
        f'has the fork {version} from an image or a wheel: it is left alone, '
        'since whoever installed it replaces it'
    ]
    same = replace(other, distributions=[fork.dist_info], versions=[fork.version])
    assert (
        'nova/elastic.py is missing; restore the file of 29.4.0'
        not in plan.make(TARGET, fork, same).notes
    )
    assert not plan.make(TARGET, fork, same).done


def test_links_and_missing_files(fork: payload.Payload, installed: Installation) -> None:
    """A link in place of a file was put there on purpose; a missing file is an accident."""
    installed.files['nova/version.py'] = InstalledFile(link='/srv/version.py')
    del installed.files['nova/compute/api.py']
    api, version = plan.make(TARGET, fork, installed).problems
    assert api == 'nova/compute/api.py is missing; restore the file of 29.4.0'
    assert version.startswith('nova/version.py was modified there: its sha256 is a link, ')


def test_tests_go_where_tests_are(tmp_path: Path, installed: Installation) -> None:
    """Where a distribution leaves Nova's tests out, those of the fork are left out, too."""
    files = {**made_up.FORK, 'nova/tests/test_elastic.py': 'def test(): pass\n'}
    wheel = made_up.wheel(tmp_path, '29.4.0+xloud.1', files, made_up.FORK_POINTS)
    fork = payload.read(wheel, made_up.tarball(tmp_path / 'nova-29.4.0.tar.gz'))

    def carried() -> bool:
        changes = plan.make(TARGET, fork, installed).changes
        return 'nova/tests/test_elastic.py' in {change.path for change in changes}

    assert not carried()
    installed.files['nova/tests/__init__.py'] = InstalledFile('', 0, 0o644)
    assert carried()
