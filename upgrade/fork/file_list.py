"""The page that says what an upgrade puts where."""

from __future__ import annotations

from collections.abc import Iterator

from upgrade.fork.payload import Payload


def page(fork: Payload) -> Iterator[str]:
    """Yield what an upgrade puts where; the same for every target, but for the folder."""
    yield f'# The files of nova {fork.version}'
    yield ''
    yield (
        f'From the wheel `{fork.wheel.name}` to the folder that holds `nova/` on a target. The '
        'tests go where there are tests. `xloud-upgrade plan` lists what one target lacks.'
    )
    yield ''
    yield '| file | | bytes | mode | sha256 | the release has |'
    yield '|---|---|--:|---|---|---|'
    for path, item in sorted(fork.items.items()):
        base = f'`{item.base[:12]}`' if item.base else ''
        yield (
            f'| `{path}` | {item.kind} | {item.size} | {item.mode:04o} '
            f'| `{item.sha256[:12]}` | {base} |'
        )
    yield ''
    total = sum(item.size for item in fork.items.values())
    yield f'{len(fork.items)} files, {total} bytes. RECORD and INSTALLER are written on the target.'
    for group, name, value in fork.entry_points:
        yield f'Added entry point: `{name} = {value}` in `{group}`.'
