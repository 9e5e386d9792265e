"""What an upgrade changes, derived from the weave: ``python -m upgrade``."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from graft import report
from graft.errors import GraftError
from graft.project import Project
from upgrade.mapping import mapping

HERE = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(prog='upgrade', description=__doc__)
    parser.add_argument('--release', help='a folder of releases/ (default: as in pyproject.toml)')
    parser.add_argument('--json', action='store_true', help='as JSON')
    args = parser.parse_args()
    project = Project.at(HERE)
    try:
        release = project.release(args.release)
        with tempfile.TemporaryDirectory(prefix='upgrade-') as folder:
            files = mapping(report.woven(project, release, Path(folder)))
    except GraftError as error:
        print(f'upgrade: {error}', file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps([vars(file) for file in files], indent=2))
        return 0
    for file in files:
        print(f'{file.kind:8}  {file.bytes:8}  {file.sha256[:12]}  {file.path}')
    print(f'{len(files)} files, {sum(file.bytes for file in files)} bytes, below site-packages')
    return 0


if __name__ == '__main__':
    raise SystemExit(main())
