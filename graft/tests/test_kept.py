"""What is kept of a weave: used when nothing has changed, made again when anything has."""

import os
import time
from pathlib import Path

import pytest

from graft import kept
from graft.tests.conftest import House


class Counted:
    """A weave that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0
        self.__module__ = 'graft.python'

    def __call__(self, *texts: str) -> tuple[str, ...]:
        self.times += 1
        if 'wrong' in texts:
            raise ValueError
        return texts


@pytest.fixture
def weave() -> Counted:
    return Counted()


def test_same_texts_are_woven_once(tmp_path: Path, weave: Counted) -> None:
    assert [kept.result(tmp_path, weave, 'a', 'b') for _ in range(2)] == [('a', 'b')] * 2
    assert weave.times == 1


@pytest.mark.parametrize('texts', [('a',), ('ab',), ('b', 'a'), ('a', 'b', '')])
def test_other_texts_are_woven(tmp_path: Path, weave: Counted, texts: tuple[str, ...]) -> None:
    kept.result(tmp_path, weave, 'a', 'b')
    assert kept.result(tmp_path, weave, *texts) == texts


def test_other_code_weaves_again(
    tmp_path: Path, weave: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.result(tmp_path, weave, 'a')
    monkeypatch.setattr(kept, 'code', lambda: 'other')
    kept.result(tmp_path, weave, 'a')
    assert weave.times == 2


@pytest.mark.parametrize('content', [b'', b'\x80', b'nonsense'])
def test_damaged_result_is_made_again(tmp_path: Path, weave: Counted, content: bytes) -> None:
    kept.result(tmp_path, weave, 'a')
    (path,) = tmp_path.glob('*/*')
    path.write_bytes(content)
    assert kept.result(tmp_path, weave, 'a') == ('a',)


def test_failure_is_not_kept(tmp_path: Path, weave: Counted) -> None:
    for _ in range(2):
        with pytest.raises(ValueError):
            kept.result(tmp_path, weave, 'wrong')
    assert weave.times == 2


def test_unused_results_go(tmp_path: Path, weave: Counted) -> None:
    """One that is used stays, however long ago it was made."""
    for text in ('unused', 'used'):
        kept.result(tmp_path, weave, text)
    long_ago = time.time() - (kept.DAYS + 1) * 24 * 3600
    for path in tmp_path.glob('*/*'):
        os.utime(path, (long_ago, long_ago))
    kept.result(tmp_path, weave, 'used')
    kept.forget(tmp_path)
    kept.result(tmp_path, weave, 'used')
    assert weave.times == 2
    kept.result(tmp_path, weave, 'unused')
    assert weave.times == 3


def test_changed_sketch_is_woven(house: House) -> None:
    """A tree, the checks and the next tree use the same results, and see a change at once."""
    house.graft('tree')
    results = len(list(house.root.glob('.fork/weaves/*/*')))
    house.graft('tree', '--force')
    assert len(list(house.root.glob('.fork/weaves/*/*'))) == results
    sketch = house.root / 'nova/bird.py'
    sketch.write_text(sketch.read_text() + '\n\nLOUDER = True\n')
    house.graft('tree')
    assert 'LOUDER' in (house.root / '.fork/old/nova/nova/bird.py').read_text()
