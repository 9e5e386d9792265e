"""Each rule of the weave as small files, compared byte for byte.

A folder of ``samples`` holds an ``original``, a ``sketch`` and what comes of them: ``expected``, or
the whole message of an ``error.txt``.
"""

from pathlib import Path

import pytest

from graft.errors import SketchError
from graft.text import weave

SAMPLES = sorted(Path(__file__).with_name('samples').iterdir())
RELEASE = '2024.1'


def read(folder: Path, name: str) -> tuple[str, str]:
    (path,) = folder.glob(f'{name}.*')
    return f'shed{path.suffix}', path.read_bytes().decode()


@pytest.mark.parametrize('folder', SAMPLES, ids=lambda folder: folder.name)
def test_sample(folder: Path) -> None:
    """The sketch gives the expected bytes or message, and the same bytes when woven again."""
    path, original = read(folder, 'original')
    _, sketch = read(folder, 'sketch')
    if (folder / 'error.txt').exists():
        with pytest.raises(SketchError) as caught:
            weave(path, original, sketch, RELEASE)
        assert f'{caught.value}\n' == read(folder, 'error')[1]
        return
    _, expected = read(folder, 'expected')
    woven, touches, _ = weave(path, original, sketch, RELEASE)
    assert woven == expected
    assert bool(touches) == (woven != original)
    assert weave(path, woven, sketch, RELEASE) == (woven, [], [])


@pytest.mark.parametrize('folder', SAMPLES, ids=lambda folder: folder.name)
def test_without_a_sketch(folder: Path) -> None:
    """A sketch that is empty, and one that is only ``...``, leave the file alone."""
    path, original = read(folder, 'original')
    assert weave(path, original, '', RELEASE) == (original, [], [])
    assert weave(path, original, '...\n', RELEASE) == (original, [], [])
