"""The fork itself on Nova itself."""

import hashlib
import json
from pathlib import Path

import pytest

from graft import fetch, report
from graft.run import run
from graft.weave import Woven
from upgrade.fork import pages, payload
from upgrade.tests.released import Released
from upgrade.tests.world import Node, World


@pytest.fixture
def operator(operator: World, released: Released) -> World:
    """An operator who has built the fork."""
    operator.fork, operator.release = released.fork, released.tarball
    return operator


def _node(world: World, name: str, site: Path) -> Node:
    node = object.__new__(Node)
    node.root, node.site = site.parent.parent.parent, site
    node.role, node.more, node.host = 'api', '', ''
    node.restart = f'cp {site}/nova/version.py {node.running}'
    node.health = f'test -s {node.running}'
    world.nodes[name] = node
    return node


@pytest.fixture(scope='module')
def woven(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Woven:
    folder = tmp_path_factory.mktemp('woven')
    return report.woven(released.project, released.release, folder)


def test_what_is_carried_is_what_the_build_touched(released: Released, woven: Woven) -> None:
    """The wheel compared with the tarball gives what the weave reports, file by file."""
    fork = payload.read(released.fork, released.tarball)
    new = set(woven.new)
    assert {p: i.kind for p, i in fork.items.items() if i.kind != 'metadata'} == {
        path: 'new' if path in new else 'modified'
        for path in woven.files
        if path.startswith('nova/')
    }
    assert ('nova.api.extra_spec_validators', 'minimum') in {p[:2] for p in fork.entry_points}


def test_there_and_back(operator: World, released: Released, tmp_path: Path) -> None:
    """An rsynced target has the files of an installed wheel; a rolled-back one its former ones."""
    site = released.environment(tmp_path / 'one', released.stock)
    node = _node(operator, 'one', site)
    node.running.write_text("'stock'")
    before = node.files()

    operator.does('check')
    operator.does('apply')
    operator.does('verify')
    status = json.loads(operator.does('status', '--json'))[0]
    assert status['version'] == released.version

    installed = released.environment(tmp_path / 'two', released.fork)
    assert _installed(site) == _installed(installed)

    operator.does('rollback')
    assert node.files() == before


def _installed(site: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of nova with its mode; but not what Python makes of them, which has times in it.

    Of the RECORD not the commands: the path of the environment is written into them.
    """
    return {
        str(path.relative_to(site)): (_rows(path), path.stat().st_mode)
        for top in site.glob('nova*')
        for path in top.rglob('*')
        if path.is_file() and path.suffix != '.pyc'
    }


def _rows(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name != 'RECORD':
        return content
    return b''.join(row for row in content.splitlines(True) if not row.startswith(b'../'))


def test_the_patch_gives_the_same_files(released: Released, tmp_path: Path) -> None:
    """As in GIT.md: the tree's last commit as a patch, on the release's own source."""
    source = tmp_path / 'nova'
    fetch.unpack(released.tarball, source)
    patch = run(['git', 'diff', '--binary', 'HEAD~1', 'HEAD', '--', 'nova'], cwd=released.tree)
    (tmp_path / 'nova.patch').write_text(patch)
    run(['git', 'init', '--quiet'], cwd=source)
    run(['git', 'apply', '../nova.patch'], cwd=source)
    fork = payload.read(released.fork, released.tarball)
    for path, item in fork.items.items():
        if item.kind != 'metadata':
            sha256 = hashlib.sha256((source / path).read_bytes()).hexdigest()
            assert (path, sha256) == (path, item.sha256)


def test_the_pages_are_of_what_is_built(released: Released, woven: Woven) -> None:
    """Every file that is carried stands in the mapping, and every touched one in the changes."""
    fork = payload.read(released.fork, released.tarball)
    written = pages.pages(released.project, released.release, woven, fork)
    mapping = '\n'.join(written['FILE_MAPPING.md'])
    assert [path for path in fork.items if f'| `{path}` |' not in mapping] == []
    changes = '\n'.join(written['CHANGES.md'])
    assert [path for path in woven.files if f'- `{path}`' not in changes] == []
    assert '## `nova.elastic`' in written['CODE_REFERENCE.md']
