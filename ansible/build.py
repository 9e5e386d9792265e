"""Build the collection: ``xloud-elastic-VERSION.tar.gz`` in a folder, the same bytes each time.

`ansible-galaxy` builds it. It packs the files in the order of the folder, with the times that they
have; so they are packed again, sorted, with the time SOURCE_DATE_EPOCH, or 0.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from pathlib import Path

from ansible.tests import environment
from graft.errors import GraftError
from graft.run import run


def main() -> int:
    """Build it; return the exit status."""
    parser = argparse.ArgumentParser(prog='python -m ansible.build', description=__doc__)
    parser.add_argument('--dest', type=Path, default=Path('dist'), help='default: dist')
    parser.add_argument('--source', type=Path, default=environment.COLLECTION)
    args = parser.parse_args()
    if why := environment.refusal():
        print(f'ansible.build: {why}', file=sys.stderr)
        return 1
    try:
        environment.make()
        print(build(args.dest, args.source))
    except GraftError as error:
        print(f'ansible.build: {error}', file=sys.stderr)
        return 1
    return 0


def build(folder: Path, source: Path = environment.COLLECTION) -> Path:
    """Return the tarball, which is built in a folder."""
    with tempfile.TemporaryDirectory(prefix='ansible-') as temporary:
        copy = Path(temporary, 'copy')
        names = shutil.ignore_patterns('.*', '__pycache__')
        shutil.copytree(source, copy, ignore=names)
        galaxy = environment.VENV / 'bin' / 'ansible-galaxy'
        words = ['collection', 'build', '--output-path', temporary, copy]
        run([galaxy, *words], env=environment.settings())
        (built,) = Path(temporary).glob('*.tar.gz')
        folder.mkdir(parents=True, exist_ok=True)
        tarball = folder / built.name
        tarball.write_bytes(_repacked(built))
    return tarball


def _repacked(tarball: Path) -> bytes:
    with tarfile.open(tarball) as archive:
        members = {member.name: member for member in archive.getmembers()}
        contents = {
            name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for name, member in members.items()
            if member.isfile()
        }
    # The list of files, and its hash in the manifest, follow the order of the folder.
    files = json.loads(contents['FILES.json'])
    files['files'].sort(key=lambda entry: entry['name'])
    contents['FILES.json'] = _json(files)
    manifest = json.loads(contents['MANIFEST.json'])
    digest = hashlib.sha256(contents['FILES.json']).hexdigest()
    manifest['file_manifest_file']['chksum_sha256'] = digest
    contents['MANIFEST.json'] = _json(manifest)

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode='w', format=tarfile.PAX_FORMAT) as archive:
        # The manifests come first, as from ansible-galaxy.
        for name in sorted(members, key=lambda name: (not name.endswith('.json'), name)):
            member = tarfile.TarInfo(name)
            member.type = members[name].type
            member.mode = members[name].mode
            member.mtime = int(os.environ.get('SOURCE_DATE_EPOCH', '0'))
            content = contents.get(name, b'')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1).encode()


if __name__ == '__main__':
    sys.exit(main())
