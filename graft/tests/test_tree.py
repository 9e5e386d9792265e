"""The woven work tree: what it holds, and that nothing is lost or half-written on the way."""

import subprocess
import sys
from pathlib import Path

import pytest

from graft.tests.conftest import MODULE, OLD, House

WOVEN = MODULE.replace('from nova import nest\n', 'from nova import count\nfrom nova import nest\n')
WOVEN = WOVEN.replace('tune(song)\n', 'tune(song)\n        count.one(song)\n')


def git(tree: Path, *words: str) -> str:
    process = subprocess.run(['git', *words], cwd=tree, check=True, capture_output=True, text=True)
    return process.stdout


def test_two_commits_pristine_and_branch(house: House) -> None:
    """The tree's history is Nova and the branch, and its work tree is clean."""
    code, out, _ = house.graft('tree')
    assert (code, out) == (0, f'{house.tree}\n')
    assert git(house.tree, 'log', '--format=%s').splitlines() == [
        'nova 1.0.0+song.7: the song branch',
        'Nova 1.0.0 (old)',
    ]
    assert git(house.tree, 'status', '--porcelain') == ''
    assert (house.tree / 'nova/bird.py').read_text() == WOVEN


def test_first_commit_is_the_tarball(house: House) -> None:
    """What is not the tarball's packaging metadata is committed with its own bytes."""
    house.graft('tree')
    for path, text in OLD.items():
        if not path.startswith('nova.egg-info'):
            assert git(house.tree, 'show', f'HEAD~1:{path}') == text


def test_diff_shows_our_lines_and_nothing_else(house: House) -> None:
    """Only what the sketches say differs between the two commits."""
    house.graft('tree')
    lines = git(house.tree, 'diff', '--unified=0', 'HEAD~1', 'HEAD').splitlines()
    changed = [line for line in lines if line[:1] in '+-' and line[:3] not in ('+++', '---')]
    assert changed == [
        '+from nova import count',
        '+        count.one(song)',
        '+def one(song):',
        '+    """Count a song."""',
    ]


def test_same_sketches_give_the_same_commit(house: House) -> None:
    """Two weaves of the same branch cannot be distinguished."""
    house.graft('tree')
    first = git(house.tree, 'rev-parse', 'HEAD')
    house.graft('tree', '--force')
    assert git(house.tree, 'rev-parse', 'HEAD') == first


def test_weaving_nothing_gives_the_tarball(house: House) -> None:
    """An empty branch leaves every byte as it is."""
    (house.root / 'nova/bird.py').unlink()
    (house.root / 'nova/count.py').unlink()
    house.graft('tree')
    assert git(house.tree, 'diff', 'HEAD~1', 'HEAD') == ''


def test_unchanged_branch_leaves_the_tree_alone(house: House) -> None:
    """A second run does nothing, also not to what someone tries out in the tree."""
    house.graft('tree')
    (house.tree / 'nova/bird.py').write_text('tried = True\n')
    code, _, err = house.graft('tree')
    assert (code, err) == (0, '')
    assert (house.tree / 'nova/bird.py').read_text() == 'tried = True\n'


@pytest.mark.parametrize('committed', [False, True])
def test_work_in_the_tree_is_not_lost(house: House, committed: bool) -> None:
    """A changed branch does not overwrite what someone changed in the tree, unless forced to."""
    house.graft('tree')
    (house.tree / 'nova/bird.py').write_text('tried = True\n')
    if committed:
        who = ['-c', 'user.name=a', '-c', 'user.email=a@localhost']
        git(house.tree, *who, 'commit', '-qam', 'try')
    house.write('nova/count.py', 'def one(song):\n    """Count one."""\n')
    code, _, err = house.graft('tree')
    what = '3 commits where 2 are woven' if committed else '1 changed files'
    assert code == 1
    assert err == (
        f'graft: {house.tree} holds work of yours that a new weave would lose: {what}.\n'
        '  Carry it over into the sketches (`git diff` there shows it), '
        'or discard it with FORCE=1.\n'
    )
    assert (house.tree / 'nova/bird.py').read_text() == 'tried = True\n'
    assert house.graft('tree', '--force')[0] == 0
    assert (house.tree / 'nova/bird.py').read_text() == WOVEN


def test_what_tests_leave_behind_is_no_work(house: House) -> None:
    """Servers of Nova's tests do not stand in the way of the next weave."""
    house.graft('tree')
    leftover = house.tree / 'instances/locks/nova-storage-registry-lock'
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    house.write('nova/count.py', 'def one(song):\n    """Count one."""\n')
    assert house.graft('tree')[0] == 0
    assert not leftover.exists()


def test_what_an_interrupted_run_left_is_cleared(house: House) -> None:
    """A half-woven folder of a killed run is neither used nor kept."""
    house.write('.fork/old/.weaving/nova/half.py', 'half\n')
    house.write('.fork/old/.replaced/nova/half.py', 'half\n')
    assert house.graft('tree')[0] == 0
    assert sorted(p.name for p in (house.root / '.fork/old').iterdir()) == ['.lock', 'nova']
    assert not (house.tree / 'nova/half.py').exists()


def test_two_runs_at_once(house: House) -> None:
    """Runs at the same time wait for one another, and each ends with a whole tree."""
    command = [sys.executable, '-m', 'graft', '--project', str(house.root), 'tree', '--force']
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    for process in running:
        process.stdout.close()
    assert git(house.tree, 'status', '--porcelain') == ''


def test_a_release_of_its_own_way(house: House) -> None:
    """A sketch under a release's folder takes the place of the common one, there alone."""
    house.write('releases/new/nova/count.py', 'def one(song, more):\n    """Count."""\n')
    house.graft('tree')
    house.graft('tree', '--release', 'new')
    assert 'more' not in (house.tree / 'nova/count.py').read_text()
    assert 'more' in (house.root / '.fork/new/nova/nova/count.py').read_text()
