"""The collection as it is shipped: its bytes, its documentation, and Ansible's own checks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.xloud.elastic.plugins.module_utils import plan

REPOSITORY = Path(__file__).resolve().parents[2]
#: Where the collection is installed.
INSTALLED = Path(plan.__file__).parents[2]
PROGRAMS = Path(sys.executable).parent
MODULES = ('flavor_elastic', 'server_size', 'server_size_info')


def run(*words: str | Path, **options: Any) -> str:
    """Return what a program prints; one that fails fails the test with it."""
    options = {'stderr': subprocess.PIPE, **options}
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, **options)
    assert done.returncode == 0, f'{done.stdout}{done.stderr or ""}'
    return done.stdout


@pytest.fixture
def documentation() -> dict[str, Any]:
    """What `ansible-doc` has of each module."""
    names = [f'xloud.elastic.{name}' for name in MODULES]
    return json.loads(run(PROGRAMS / 'ansible-doc', '--json', *names))


def test_same_bytes(tmp_path: Path) -> None:
    """Two builds are equal, whatever the times of the files and their order in the folder are."""
    copy = tmp_path / 'copy'
    ignored = shutil.ignore_patterns('__pycache__', '.*_cache')
    shutil.copytree(REPOSITORY / 'ansible', copy / 'ansible', ignore=ignored)
    for file in sorted(copy.rglob('*'), reverse=True):
        os.utime(file, (1, 1))
    build = (os.environ['BUILD_PYTHON'], '-m', 'ansible.build', '--source')
    one, two = tmp_path / 'one', tmp_path / 'two'
    run(*build, REPOSITORY / 'ansible', '--dest', one, cwd=REPOSITORY)
    run(*build, copy / 'ansible', '--dest', two, cwd=REPOSITORY)
    (first,), (second,) = one.iterdir(), two.iterdir()
    assert first.name == second.name == f'xloud-elastic-{version()}.tar.gz'
    assert first.read_bytes() == second.read_bytes()
    with tarfile.open(first) as archive:
        names = [name for name in archive.getnames() if '.' in name]
    # What is for the project alone is not in it.
    assert [name for name in names if not name.startswith('plugins/')] == [
        'FILES.json',
        'MANIFEST.json',
        'README.md',
        'meta/runtime.yml',
        'tests/sanity/ignore-2.19.txt',
    ]


def version() -> str:
    return str(yaml.safe_load((REPOSITORY / 'ansible/galaxy.yml').read_text())['version'])


@pytest.mark.parametrize('name', MODULES)
def test_page(name: str) -> None:
    """`ansible-doc` renders a page for people."""
    page = run(PROGRAMS / 'ansible-doc', f'xloud.elastic.{name}')
    for title in ('OPTIONS', 'ATTRIBUTES', 'REQUIREMENTS', 'EXAMPLES', 'RETURN VALUES'):
        assert title in page
    # Options of the cloud come from the fragment.
    assert 'region_name' in page


def test_check_mode(documentation: dict[str, Any]) -> None:
    """What check mode cannot predict is documented."""
    check_mode = {
        name: page['doc']['attributes']['check_mode'] for name, page in documentation.items()
    }
    support = {name.rpartition('.')[2]: one['support'] for name, one in check_mode.items()}
    assert support == {
        'flavor_elastic': 'full',
        'server_size': 'partial',
        'server_size_info': 'full',
    }
    assert 'O(cancel)' in str(check_mode['xloud.elastic.server_size']['details'])


def test_examples(documentation: dict[str, Any], tmp_path: Path) -> None:
    """The options in each example, and in the README, are those of the module."""
    texts = [page['examples'] for page in documentation.values()]
    readme = (INSTALLED / 'README.md').read_text()
    texts += [block.partition('```')[0] for block in readme.split('```yaml\n')[1:]]
    count = 0
    for task in (task for text in texts for task in tasks(yaml.safe_load(text))):
        for name, page in documentation.items():
            options = page['doc']['options']
            accepted = {
                *options,
                *(alias for one in options.values() for alias in one.get('aliases', [])),
            }
            if name in task:
                assert set(task[name]) <= accepted
                count += 1
    assert count > 8


def tasks(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The tasks in a list of tasks, or of plays."""
    return [task for entry in entries for task in entry.get('tasks', [entry])]


def test_sanity(tmp_path: Path) -> None:
    """`ansible-test sanity` has nothing to say."""
    # It reads what git has, if there is git in a folder above; git ignores where it is installed.
    copy = tmp_path / 'ansible_collections/xloud/elastic'
    shutil.copytree(INSTALLED, copy)
    python = '.'.join(map(str, sys.version_info[:2]))
    words = ('sanity', '--color', 'no', '--python', python)
    output = run(PROGRAMS / 'ansible-test', *words, cwd=copy, stderr=subprocess.STDOUT)
    assert 'Running sanity test "validate-modules"' in output
    assert 'All targets skipped' not in output
