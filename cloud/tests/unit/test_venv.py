"""Environments: one for all, a Nova of its own for each host, or a copy of all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cloud import settings, venv


def _packages(state: settings.State) -> venv.Venv:
    """One with a nova, something else, and a command of each."""
    made = venv.Venv(state, '2024.1')
    words = [sys.executable, '-m', 'venv', '--without-pip', made.root]
    subprocess.run(words, check=True)
    (made.site / 'nova').mkdir()
    (made.site / 'nova' / '__init__.py').write_text('')
    (made.site / 'nova-29.4.0.dist-info').mkdir()
    (made.site / 'elsewhere.py').write_text('')
    command = made.bin / 'nova-where'
    command.write_text(
        f'#!{made.python}\nimport elsewhere, nova\nprint(nova.__file__, elsewhere.__file__)\n'
    )
    command.chmod(0o755)
    made.stamp.write_text('29.4.0')
    return made


def test_a_host_with_a_nova_of_its_own(tmp_path: Path) -> None:
    """Its commands find that one, and all else where it is for all."""
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    packages = _packages(state)
    own = venv.Separate(state, 'compute1', packages)
    assert not own.is_of_packages()
    own.make()
    assert own.is_of_packages()
    assert own.nova_version() == '29.4.0'
    said = subprocess.run([own.bin / 'nova-where'], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [
        str(own.site / 'nova' / '__init__.py'), str(packages.site / 'elsewhere.py')
    ]  # fmt: skip


def test_a_host_is_made_again_when_the_packages_have_another_nova(tmp_path: Path) -> None:
    """Until then, what is done to it stays."""
    state = settings.State(tmp_path / 'cloud')
    state.prepare()
    packages = _packages(state)
    own = venv.Separate(state, 'compute1', packages)
    own.make()
    (own.site / 'nova' / 'more.py').write_text('')
    assert own.is_of_packages()
    packages.stamp.write_text('29.4.0+xloud.1')
    assert not own.is_of_packages()
    own.make()
    assert not (own.site / 'nova' / 'more.py').exists()


def test_a_copy(tmp_path: Path) -> None:
    """Its commands find nothing of the one that it was made of."""
    clouds = [settings.State(tmp_path / name) for name in ('cloud', 'beside')]
    for state in clouds:
        state.prepare()
    packages, copy = _packages(clouds[0]), venv.Venv(clouds[1], '2024.1')
    copy.copy(packages)
    assert not copy.root.exists()  # What it would be made of is not complete.
    (packages.root / 'installed.txt').write_text(packages.lock.read_text())
    copy.copy(packages)
    assert copy.is_installed()
    said = subprocess.run([copy.bin / 'nova-where'], capture_output=True, text=True, check=True)
    assert said.stdout.split() == [
        str(copy.site / 'nova' / '__init__.py'), str(copy.site / 'elsewhere.py')
    ]  # fmt: skip
    assert (copy.bin / 'python').is_symlink()
