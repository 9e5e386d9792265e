"""What a guest prints on its console, as a measurement reads it."""

import pytest

from bench.cloud.console import Console, Said
from bench.cloud.world import Size


@pytest.mark.parametrize('memory_mb, shown', [(768, True), (700, True), (687, False), (769, False)])
def test_shown_size(memory_mb, shown):
    """A guest shows a size when its CPUs are as many and its kernel has taken some memory."""
    assert Said(0, 4, memory_mb, 9, 1).shows(Size(4, 768)) is shown
    assert not Said(0, 3, memory_mb, 9, 1).shows(Size(4, 768))


def test_console(tmp_path):
    """Lines are given once, whole, and those of a new file as another start."""
    file = tmp_path / 'console.log'
    console = Console(file)
    with file.open('w') as stream:
        stream.write('boot\nguest: cpus=2 memory_kb=204800 seconds=7\nguest: cpus=2 mem')
    assert [said[1:] for said in console.read()] == [(2, 200, 7, 1)]
    with file.open('a') as stream:
        stream.write('ory_kb=307200 seconds=8\n')
    assert [said[1:] for said in console.read()] == [(2, 300, 8, 1)]
    assert console.read() == []
    file.rename(tmp_path / 'old')
    file.write_text('guest: cpus=1 memory_kb=102400 seconds=1\n')
    assert [said[1:] for said in console.read()] == [(1, 100, 1, 2)]
