"""A release that is new here: its hash and its pins come out of the tarball and the index."""

import hashlib
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from graft import report
from graft.errors import ReleaseError, SketchError
from graft.project import Project
from graft.tests.conftest import MODULE, OLD, SKETCH, House
from graft.workshop import port

WHEELS = {
    'bird-1.5': 'Requires-Dist: cgi-of-old>=2; python_version >= "3.13"\n'
    'Requires-Dist: patience; python_full_version < "3.11.1"',
    'bird-1.6': '',
    'cgi_of_old-2.6.4': '',
    'feather_boa-1.0': '',
    'openstack_placement-11.0.1': '',
    'openstack_placement-12.0.2': 'Requires-Dist: feather\nRequires-Dist: feather-boa',
    'openstack_placement-13.0.0': '',
    'feather-0.1': '',
    'patience-1.0': '',
    'pbr-6.1.1': '',
    'setuptools-80.9.0': '',
    'setuptools-81.0.0': '',
    'wheel-0.45.1': '',
}
NEEDS = {
    'requirements.txt': 'bird\n',
    'test-requirements.txt': '',
    'doc/requirements.txt': 'whereto>=0.3.0\n',
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index of its own, as a folder of wheels."""
    folder = tmp_path / 'index'
    folder.mkdir()
    for name, needs in WHEELS.items():
        package, version = name.split('-')
        with zipfile.ZipFile(folder / f'{name}-py3-none-any.whl', 'w') as wheel:
            about = f'{name}.dist-info'
            lines = ['Metadata-Version: 2.1', f'Name: {package}', f'Version: {version}', needs]
            wheel.writestr(f'{about}/METADATA', '\n'.join(lines) + '\n')
            wheel.writestr(f'{about}/WHEEL', 'Wheel-Version: 1.0\nTag: py3-none-any\n')
            wheel.writestr(f'{about}/RECORD', '')
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', str(folder))
    return folder


@pytest.fixture
def unseen(house: House) -> House:
    """A project whose cache holds the tarball of a release that it does not have."""
    house.release('next', '30.1.0', {**OLD, **NEEDS})
    (house.root / 'releases/next/release.toml').unlink()
    return house


@pytest.mark.usefixtures('index')
def test_release_is_added(unseen: House, tmp_path: Path) -> None:
    """Its hash is noted, and all it needs is pinned by name, also for another Python."""
    upper = tmp_path / 'upper.txt'
    upper.write_text('bird===1.5\n')
    project = Project.at(unseen.root)
    release = port.add(project, 'next', '30.1.0', str(upper))
    archive = unseen.root / '.fork/tarballs/nova-30.1.0.tar.gz'
    assert release.sha256 == hashlib.sha256(archive.read_bytes()).hexdigest()
    newer = '' if sys.version_info >= (3, 13) else ' ; python_version >= "3.13"'
    older = '' if sys.version_info < (3, 11, 1) else ' ; python_full_version < "3.11.1"'
    assert release.constraints.read_text().splitlines()[2:] == [
        'bird==1.5',
        f'cgi-of-old==2.6.4{newer}',
        'feather==0.1',
        'feather-boa==1.0',
        'openstack-placement==12.0.2',
        f'patience==1.0{older}',
        'pbr==6.1.1',
        'setuptools==80.9.0',
        'wheel==0.45.1',
    ]
    assert (unseen.root / '.fork/next/nova/nova/count.py').exists()


@pytest.mark.usefixtures('index')
def test_sketches_of_the_release_before_come_along(unseen: House, tmp_path: Path) -> None:
    """What Nova moved for the release before, it has moved for this one; what is there stays."""
    upper = tmp_path / 'upper.txt'
    upper.write_text('bird===1.5\n')
    ours = SKETCH.replace('count.one(song)', 'count.one(self)')
    unseen.write('releases/new/nova/bird.py', SKETCH)
    unseen.write('releases/new/nova/count.py', 'def one(owl):\n    """Count an owl."""\n')
    unseen.write('releases/next/nova/bird.py', ours)
    unseen.capsys.readouterr()
    port.add(Project.at(unseen.root), 'next', '30.1.0', str(upper))
    folder = unseen.root / 'releases/next/nova'
    said = unseen.capsys.readouterr().err
    assert said.startswith('  releases/next/nova/count.py is that of new\n')
    assert (folder / 'count.py').read_text() == 'def one(owl):\n    """Count an owl."""\n'
    assert (folder / 'bird.py').read_text() == ours


@pytest.mark.usefixtures('index')
def test_constraints_that_cannot_be_read(unseen: House, tmp_path: Path) -> None:
    """Where they were looked for is said, and that a file will do."""
    missing = tmp_path / 'missing.txt'
    with pytest.raises(ReleaseError) as caught:
        port.add(Project.at(unseen.root), 'next', '30.1.0', missing.as_uri())
    first, second = str(caught.value).splitlines()
    assert first.startswith(f"cannot read OpenStack's constraints from {missing.as_uri()}: ")
    assert second == '  Name a file that holds them: --constraints FILE.'


@pytest.fixture
def newer(unseen: House) -> House:
    """A project with one version of a release, and the tarball of the version after it."""
    unseen.release('next', '30.1.0', {**OLD, **NEEDS})
    with (unseen.root / 'releases/next/release.toml').open('a') as file:
        file.write('newest-python = "3.99"\n')
    changed = {**OLD, **NEEDS, 'nova/bird.py': MODULE.replace('voice.warm(song)', 'voice.rest()')}
    unseen.release('spare', '30.1.1', changed)
    shutil.rmtree(unseen.root / 'releases/spare')
    return unseen


@pytest.mark.usefixtures('index')
def test_point_release_takes_the_place_of_the_one_before(newer: House, tmp_path: Path) -> None:
    """What else is said of the release stays, and what Nova changed in between can be read."""
    upper = tmp_path / 'upper.txt'
    upper.write_text('bird===1.5\n')
    project = Project.at(newer.root)
    before = port.predecessor(project, 'next', '30.1.1')
    port.add(project, 'next', '30.1.1', str(upper))
    archive = newer.root / '.fork/tarballs/nova-30.1.1.tar.gz'
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (newer.root / 'releases/next/release.toml').read_text() == (
        f'nova = "30.1.1"\nsha256 = "{digest}"\nnewest-python = "3.99"\n'
    )
    assert 'openstack-placement==12.0.2' in project.release('next').constraints.read_text()
    assert list(report.changed_between(project, before, project.release('next'))) == [
        'nova/bird.py: Bird.sing',
        '    --- 30.1.0',
        '    +++ 30.1.1',
        '    @@ -4,3 +4,3 @@',
        '         voice.tune(song)',
        '    -    voice.warm(song)',
        '    +    voice.rest()',
        '         return voice.carry(os.linesep)',
    ]


def test_point_release_that_the_branch_does_not_fit(newer: House, tmp_path: Path) -> None:
    """Nothing changes until the sketches are fixed: the version before can still be built."""
    newer.write('nova/bird.py', SKETCH.replace('voice.tune(...)', 'voice.warm(...)'))
    noted = (newer.root / 'releases/next/release.toml').read_text()
    with pytest.raises(SketchError):
        port.add(Project.at(newer.root), 'next', '30.1.1', str(tmp_path))
    assert (newer.root / 'releases/next/release.toml').read_text() == noted


@pytest.mark.usefixtures('index')
def test_version_that_the_index_lacks(house: House, tmp_path: Path) -> None:
    """It is said where the tarball may be put, and nothing is left of the attempt."""
    with pytest.raises(ReleaseError) as caught:
        port.add(Project.at(house.root), 'next', '30.1.0', str(tmp_path))
    place = house.root / '.fork/tarballs/nova-30.1.0.tar.gz'
    assert str(caught.value).startswith(
        f'cannot fetch nova 30.1.0, and {place} is not there.\n'
        '  Connect to a package index, or put the tarball there.\n'
    )
    assert not (house.root / 'releases/next').exists()


def test_folder_of_another_series(house: House, tmp_path: Path) -> None:
    """A release that is there already is not taken for another one."""
    with pytest.raises(ReleaseError) as caught:
        port.add(Project.at(house.root), 'new', '3.0.0', str(tmp_path))
    assert str(caught.value) == (
        'releases/new is of Nova 2.0.0, and 3.0.0 is of another release.\n'
        '  To have it beside that one, name it otherwise than new.'
    )
