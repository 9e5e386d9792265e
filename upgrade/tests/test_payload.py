"""What is carried: the difference of the wheel and the release."""

from pathlib import Path

import pytest

from upgrade.errors import PayloadError
from upgrade.fork import payload
from upgrade.tests import made_up


def test_the_wheel_against_the_release(artifacts: tuple[Path, Path]) -> None:
    """New, modified, metadata; the added entry points; a hash of every released file."""
    fork = payload.read(*artifacts)
    kinds = {path: item.kind for path, item in fork.items.items()}
    assert kinds['nova/elastic.py'] == 'new'
    assert kinds['nova/version.py'] == 'modified'
    assert 'nova/elsewhere.py' not in kinds
    assert fork.entry_points == (('nova.validators', 'minimum', 'nova.elastic:SIZE'),)
    assert set(fork.released) == set(made_up.RELEASED)
    assert fork.version == '29.4.0+xloud.1'


def test_a_wheel_of_another_release(tmp_path: Path, artifacts: tuple[Path, Path]) -> None:
    """Hashes of one release say nothing about the files of another."""
    wheel = made_up.wheel(tmp_path, '31.3.1+xloud.1', made_up.FORK, made_up.POINTS)
    with pytest.raises(PayloadError, match=r'is of Nova 31.3.1\+xloud.1, .* of 29.4.0: use two'):
        payload.read(wheel, artifacts[1])


def test_a_fork_with_a_command_of_its_own(tmp_path: Path, artifacts: tuple[Path, Path]) -> None:
    """What cannot be carried is refused, not left out."""
    points = made_up.POINTS + '[console_scripts]\nnova-more = nova.more:main\n'
    wheel = made_up.wheel(tmp_path, '29.4.0+xloud.1', made_up.FORK, points)
    with pytest.raises(PayloadError, match='the fork adds the commands nova-more'):
        payload.read(wheel, artifacts[1])


def test_a_file_that_is_not_a_wheel(tmp_path: Path, artifacts: tuple[Path, Path]) -> None:
    """The message has the path and the reason."""
    path = tmp_path / 'nova.whl'
    path.write_text('no')
    with pytest.raises(PayloadError, match='nova.whl is not a wheel: File is not a zip file'):
        payload.read(path, artifacts[1])


def test_a_release_that_is_unknown() -> None:
    """The message names those that there are."""
    with pytest.raises(PayloadError, match=r'release `nowhere` is unknown; there are 2024\.1'):
        payload.find('nowhere', None, None)


def test_a_tarball_that_is_not_the_release(artifacts: tuple[Path, Path]) -> None:
    """Its hash is compared before anything is compared with it."""
    with pytest.raises(PayloadError, match='is not the release: its sha256 is '):
        payload.find(None, *artifacts)
