"""What is kept between two commands."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from cloud import errors, files, settings


@pytest.fixture
def state(tmp_path: Path) -> settings.State:
    made = settings.State(tmp_path / 'cloud')
    made.prepare()
    return made


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_no_cloud_yet(state: settings.State) -> None:
    """An empty folder holds no settings."""
    assert state.load() is None


def test_settings_are_read_back(state: settings.State) -> None:
    """What was chosen stays chosen."""
    chosen = settings.Settings(pristine=True, database='mariadb', computes=2)
    state.save(chosen)
    assert state.load() == chosen


@pytest.mark.parametrize('text', ['', '[]', '{}', '{"layout": 0}', '{"layout": 1, "x": 2}'])
def test_folder_of_another_version(state: settings.State, text: str) -> None:
    """A folder that this version cannot continue is not touched."""
    (state / 'cloud.json').write_text(text)
    with pytest.raises(errors.CheckError) as raised:
        state.load()
    assert str(raised.value) == (
        f'{state.root} was made by another version of this tool\n'
        'run `xcloud wipe`, then `xcloud up`'
    )


def test_passwords(state: settings.State) -> None:
    """Passwords are made once, differ, and are for the owner's eyes."""
    made = state.passwords()
    assert len(set(made.values())) == len(made)
    assert state.passwords() == made
    assert mode(state / 'passwords.json') == 0o600
    assert mode(state.root) == 0o700


def test_deep_folder(tmp_path: Path) -> None:
    """A folder whose sockets could not be opened is refused before anything is made."""
    deep = settings.State(tmp_path / ('x' * 90))
    with pytest.raises(errors.CheckError, match='is too deep a folder'):
        deep.prepare()
    assert not deep.root.exists()


def test_what_can_change() -> None:
    """Computes are added, and Nova is exchanged, in place."""
    present = settings.Settings()
    changes = {'computes': 2, 'fake_computes': 3, 'pristine': True}
    assert present.following(changes) == settings.Settings(
        computes=2, fake_computes=3, pristine=True
    )


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        (
            {'database': 'mariadb'},
            'this cloud was made with --db sqlite, not mariadb\n'
            'run `xcloud wipe` first, it cannot be changed in place',
        ),
        (
            {'release': '2026.1'},
            'this cloud was made with --release 2024.1, not 2026.1\n'
            'run `xcloud wipe` first, it cannot be changed in place',
        ),
        (
            {'computes': 1},
            'this cloud has --computes 2 and computes are only added, '
            'so --computes 1 is too few\nrun `xcloud wipe` first',
        ),
    ],
)
def test_what_cannot_change(changes: dict[str, object], text: str) -> None:
    """What the state was made with is not changed under it."""
    with pytest.raises(errors.CheckError) as raised:
        settings.Settings(computes=2, release='2024.1').following(changes)
    assert str(raised.value) == text


def test_write_leaves_no_half_file(tmp_path: Path) -> None:
    """A file is there in full, with its mode, and nothing else is."""
    file = tmp_path / 'a' / 'b'
    files.write(file, 'first')
    files.write(file, 'second', 0o644)
    assert file.read_text() == 'second'
    assert mode(file) == 0o644
    assert list(file.parent.iterdir()) == [file]
