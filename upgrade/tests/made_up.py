"""A made-up nova of a few lines, and a made-up fork of it: quick to install, to copy, to break."""

import base64
import compileall
import csv
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

RELEASED = {
    'nova/__init__.py': '',
    'nova/version.py': "VERSION = '29.4.0'\n",
    'nova/elsewhere.py': 'UNTOUCHED = True\n',
    'nova/compute/__init__.py': '',
    'nova/compute/manager.py': 'import nova.version\nSIZE = "of the flavor"\n',
    'nova/compute/api.py': 'from nova.compute import manager\n',
}
FORK = {
    **RELEASED,
    'nova/version.py': "VERSION = '29.4.0+xloud.1'\n",
    'nova/compute/manager.py': 'import nova.elastic\nSIZE = nova.elastic.SIZE\n',
    'nova/compute/api.py': 'from nova.compute import manager\nADJUST = manager.SIZE\n',
    'nova/elastic.py': 'SIZE = "what the server has"\n',
    'nova/adjust/__init__.py': '',
    'nova/adjust/work.py': 'import nova.elastic\nSIZE = nova.elastic.SIZE\n',
}
NEXT_FORK = {
    **{path: text for path, text in FORK.items() if not path.startswith('nova/adjust/')},
    'nova/compute/api.py': RELEASED['nova/compute/api.py'],
    'nova/elastic.py': 'SIZE = "what the server has now"\n',
}
POINTS = '[nova.validators]\nhw = nova.version\n'
FORK_POINTS = POINTS + 'minimum = nova.elastic:SIZE\n'


def tarball(path: Path, files: dict[str, str] = RELEASED) -> Path:
    """A source distribution, as the release of the made-up nova."""
    with tarfile.open(path, 'w:gz') as archive:
        for name, text in {**files, 'nova.egg-info/entry_points.txt': POINTS}.items():
            member = tarfile.TarInfo(f'nova-29.4.0/{name}')
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def wheel(folder: Path, version: str, files: dict[str, str], points: str) -> Path:
    """A wheel of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f'nova-{version}-py3-none-any.whl'
    with zipfile.ZipFile(path, 'w') as archive:
        for name, text in _with_metadata(version, files, points).items():
            archive.writestr(name, text)
    return path


def _with_metadata(version: str, files: dict[str, str], points: str) -> dict[str, str]:
    info = f'nova-{version}.dist-info'
    return {
        **files,
        f'{info}/METADATA': f'Metadata-Version: 2.1\nName: nova\nVersion: {version}\n',
        f'{info}/WHEEL': 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
        f'{info}/entry_points.txt': points,
        f'{info}/RECORD': '',
    }


def install(site: Path) -> None:
    """Put the released one where an installer would."""
    info = 'nova-29.4.0.dist-info'
    files = {**_with_metadata('29.4.0', RELEASED, POINTS), f'{info}/INSTALLER': 'pip\n'}
    rows = []
    for name, text in files.items():
        target = site / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        hashed = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=')
        rows.append([name, f'sha256={hashed.decode()}', len(text)])
    with (site / info / 'RECORD').open('w', newline='') as stream:
        csv.writer(stream, lineterminator='\n').writerows(sorted(rows))
    compileall.compile_dir(site / 'nova', quiet=1)
    (site / 'nova' / 'compute').chmod(0o750)
    (site / 'nova' / 'compute' / 'manager.py').chmod(0o640)
