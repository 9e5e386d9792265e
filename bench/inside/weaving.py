"""Prints how long each step of building the fork of a release takes; runs with graft's Python."""

import json
import sys
import tempfile
import time
from pathlib import Path

from graft import build, fetch, project
from graft.weave import weave


def main() -> None:
    """Unpack, weave and build a release; the tarball is fetched first."""
    branch = project.Project.at(Path.cwd())
    release = branch.release(sys.argv[1])
    archive = fetch.tarball(branch, release)
    seconds = {}
    with tempfile.TemporaryDirectory(prefix='bench-') as folder:
        start = time.monotonic()
        fetch.unpack(archive, Path(folder, 'nova'))
        seconds['unpack'] = time.monotonic() - start
        start = time.monotonic()
        woven = weave(branch, release, Path(folder, 'nova'))
        seconds['weave'] = time.monotonic() - start
        start = time.monotonic()
        build.build(branch, release, 'build_wheel', Path(folder))
        seconds['wheel'] = time.monotonic() - start
    print(json.dumps({'files': len(woven.files), 'seconds': seconds}))


main()
