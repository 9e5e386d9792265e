"""Files woven before: what the same sketch, file and code gave is read, not worked out again.

A release is woven by whatever needs it: its tree, the checks, the tests of the upgrade.
"""

import hashlib
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

DAYS = 14  # without use until a result goes
T = TypeVar('T')


@cache
def code() -> str:
    """A digest of all the code that takes part in a weave."""
    package = Path(__file__).parent
    apart = {'tests', 'workshop'}  # which weave nothing
    digest = hashlib.sha256(f'{sys.version} {version("libcst")}'.encode())
    for path in sorted(package.rglob('*.py')):
        if not apart & {*path.relative_to(package).parts}:
            digest.update(f'{path.relative_to(package)} {_digest(path.read_bytes())}\n'.encode())
    return digest.hexdigest()


def result(folder: Path, function: Callable[..., T], *texts: str) -> T:
    """What a function of that code makes of texts; a failure is not kept."""
    name = _digest(repr((code(), function.__module__, *texts)).encode())
    path = folder / name[:2] / name
    try:
        value: T = pickle.loads(path.read_bytes())
        path.touch()
    except (FileNotFoundError, EOFError, pickle.UnpicklingError):
        value = function(*texts)
        _write(path, pickle.dumps(value))
    return value


def forget(folder: Path) -> None:
    """Remove what nobody has used lately."""
    oldest = time.time() - DAYS * 24 * 3600
    for path in folder.glob('*/*'):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Several processes may write the same result at once: each puts a whole one in place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(content)
    Path(file.name).replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
