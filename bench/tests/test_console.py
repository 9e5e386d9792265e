"""What a guest prints on its console, as a measurement reads it."""

import pytest

from bench.cloud.console import Console, Sighting
from bench.cloud.size import Size


@pytest.mark.parametrize('memory_mb, shows', [(768, True), (700, True), (687, False), (769, False)])
def test_shown_size(memory_mb, shows):
    """A guest shows a size with as many CPUs, and with the memory that its kernel leaves."""
    assert Sighting(0, 4, memory_mb, 9, 1).shows(Size(4, 768)) is shows
    assert not Sighting(0, 3, memory_mb, 9, 1).shows(Size(4, 768))


def test_console(tmp_path):
    """Lines are returned once, whole, and those of a new file as another start."""
    file = tmp_path / 'console.log'
    console = Console(file)
    with file.open('w') as stream:
        stream.write('boot\nguest: cpus=2 memory_kb=204800 seconds=7\nguest: cpus=2 mem')
    assert [line[1:] for line in console.read()] == [(2, 200, 7, 1)]
    with file.open('a') as stream:
        stream.write('ory_kb=307200 seconds=8\n')
    assert [line[1:] for line in console.read()] == [(2, 300, 8, 1)]
    assert console.read() == []
    file.rename(tmp_path / 'old')
    file.write_text('guest: cpus=1 memory_kb=102400 seconds=1\n')
    assert [line[1:] for line in console.read()] == [(1, 100, 1, 2)]
