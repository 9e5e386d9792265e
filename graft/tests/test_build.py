"""The forked wheel: the woven source, built by the release's own backend."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from graft.tests.conftest import House

# Where the branch writes an entry point once, for releases that keep them in either place.
ENTRY_POINTS = '[entry_points]\nconsole_scripts =\n    ...\n    count = nova.count:one\n'


@pytest.mark.parametrize(('release', 'version'), [('old', '1.0.0'), ('new', '2.0.0')])
def test_wheel_is_the_forked_nova(house: House, release: str, version: str) -> None:
    """Name, version, woven modules, new data files and entry points are all in the wheel."""
    house.write('setup.cfg', ENTRY_POINTS)
    house.write('nova/songs.json', '{}\n')
    dest = house.root / 'dist'
    code, out, _ = house.graft('wheel', '--release', release, '--dest', str(dest))
    assert code == 0
    assert out == f'{dest}/nova-{version}+song.7-py3-none-any.whl\n'
    with zipfile.ZipFile(out.strip()) as wheel:
        names = wheel.namelist()
        scripts = wheel.read(f'nova-{version}+song.7.dist-info/entry_points.txt').decode()
        assert 'count.one(song)' in wheel.read('nova/bird.py').decode()
    assert {'nova/count.py', 'nova/songs.json'} <= set(names)
    assert [line for line in scripts.splitlines() if '=' in line] == [
        'count = nova.count:one',
        'sing = nova.bird:main',
    ]


def test_building_twice_gives_the_same_bytes(house: House) -> None:
    """A wheel can be compared with another one by its hash, whatever the umask of who builds it."""
    wheels = []
    house.write('nova/songs.json', '{}\n')
    for name, mask in (('one', 0o022), ('two', 0o077)):
        dest = house.root / name
        before = os.umask(mask)
        house.graft('wheel', '--dest', str(dest))
        os.umask(before)
        wheels.append(next(dest.iterdir()).read_bytes())
    assert wheels[0] == wheels[1]


def test_pip_builds_through_the_backend(house: House, tmp_path: Path) -> None:
    """`pip wheel .` of a checkout gives the forked wheel, of the release that is requested."""
    here = Path(__file__).parents[1]
    (house.root / 'graft').symlink_to(here)
    with (house.root / 'pyproject.toml').open('a') as file:
        file.write(
            '[build-system]\nrequires = []\nbuild-backend = "graft.backend"\nbackend-path = ["."]\n'
        )
    command = [sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--no-index']
    command += ['--no-build-isolation', '--config-settings', 'release=new']
    subprocess.run([*command, '--wheel-dir', tmp_path / 'dist', house.root], check=True)
    assert [p.name for p in (tmp_path / 'dist').iterdir()] == ['nova-2.0.0+song.7-py3-none-any.whl']
