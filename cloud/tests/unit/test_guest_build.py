"""The guest is made of the packages of either Debian."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from cloud import errors, settings
from cloud.guest import build


@pytest.mark.parametrize('prefix', ['', 'usr/'], ids=['12', '13'])
def test_programs(tmp_path: Path, prefix: str) -> None:
    """A program is found where either has it."""
    file = tmp_path / prefix / 'bin' / 'busybox'
    file.parent.mkdir(parents=True)
    file.write_text('')
    assert build.find(tmp_path, 'bin/busybox') == file


def test_missing_program(tmp_path: Path) -> None:
    """What no package has is named."""
    with pytest.raises(errors.CheckError) as raised:
        build.find(tmp_path, 'bin/busybox')
    assert str(raised.value) == (
        f'the packages of the guest have no bin/busybox: {tmp_path}\n'
        'this system is not one whose packages make a guest: Debian 12 and 13 are'
    )


@pytest.mark.parametrize(
    ('place', 'suffix', 'packed'),
    [('lib/modules/6.1', '.ko', bytes), ('usr/lib/modules/6.12', '.ko.xz', lzma.compress)],
    ids=['12', '13'],
)
def test_modules(tmp_path: Path, place: str, suffix: str, packed: type[bytes]) -> None:
    """They come in the order of loading, unpacked, without those that are built in."""
    folder = tmp_path / place / 'kernel'
    folder.mkdir(parents=True)
    for name in ('virtio_balloon', 'virtio_ring', 'unneeded'):
        (folder / f'{name}{suffix}').write_bytes(packed(name.encode()))
    contents = build.modules(tmp_path)
    assert list(contents.items()) == [
        ('virtio_ring', b'virtio_ring'),
        ('virtio_balloon', b'virtio_balloon'),
    ]


def test_version_of_the_kernel(tmp_path: Path) -> None:
    """It is read from the kernel's name, however the distribution goes on after it."""
    state = settings.State(tmp_path)
    folder = state.packages / 'guest' / 'unpacked' / 'boot'
    folder.mkdir(parents=True)
    (folder / 'vmlinuz-6.12.117+deb13-cloud-amd64').touch()
    assert build.Guest(state).linux() == (6, 12)
