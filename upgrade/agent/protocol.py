"""The messages between the operator's side and the agent.

Each request is a class, and says which type its answer has. Both sides use this module: the
operator's imports it, the agent has it among the modules that were sent. What is kept as JSON, the
journal and the state on a target and the manifest of a backup, is made of the same classes.

The annotations are read at run time, also by Python 3.9: no ``from __future__ import annotations``
and no ``X | None`` here.
"""

import dataclasses
import enum
import functools
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Optional, TypeVar, Union, get_args, get_origin

Message = TypeVar('Message')
Answer = TypeVar('Answer')
EntryPoint = tuple[str, str, str]  # group, name, value


class Fault(str, enum.Enum):
    """Why a request was not answered."""

    BUSY = 'busy'  # another operator has the lock; the text is the holder, as JSON
    UNFIT = 'unfit'  # the target is not to be touched
    FAILED = 'failed'
    BUG = 'bug'  # the text is a traceback


@dataclass(frozen=True)
class InstalledFile:
    """Everything about a file that a rollback restores. A symbolic link has only ``link``."""

    sha256: Optional[str] = None
    size: Optional[int] = None
    mode: Optional[int] = None
    mtime: Optional[int] = None
    uid: Optional[int] = None
    gid: Optional[int] = None
    link: Optional[str] = None


@dataclass(frozen=True)
class NewFile:
    """A file to stage; ``mode`` is for one that replaces none."""

    sha256: str
    mode: int = 0o644


@dataclass(frozen=True)
class AppliedFork:
    """What ``apply`` leaves on a target: which fork it has, and the hashes of the fork's files."""

    version: str
    base: str = ''
    digest: str = ''
    backup: str = ''
    when: str = ''
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """What an exchange of files belongs to."""

    kind: str  # apply or rollback
    version: str = ''
    digest: str = ''
    backup: str = ''
    #: What is remembered once it is final.
    state: Optional[AppliedFork] = None
    #: Services may run the new files: whoever puts the old ones back restarts the services.
    restart: bool = False


@dataclass(frozen=True)
class Step:
    """A path of an exchange: whether there is a new file for it, and whether there was an old."""

    path: str
    new: bool
    old: bool


class Phase(str, enum.Enum):
    """How far an exchange of files is."""

    SWAPPING = 'swapping'
    SWAPPED = 'swapped'


@dataclass(frozen=True)
class JournalEntry:
    """What the operator's side needs to know of a journal."""

    state: Phase
    operation: Operation


@dataclass(frozen=True)
class Journal(JournalEntry):
    """An exchange that is not final yet, and all that its undoing needs."""

    steps: list[Step]
    #: The folders that the exchange makes, outer ones first.
    made: list[str]
    #: The modes of the folders whose files go; a folder may go with its last file.
    modes: dict[str, int]
    before: Optional[AppliedFork] = None


@dataclass(frozen=True)
class Installation:
    """What is installed on a target, and what an interrupted run has left there."""

    site: str
    python: str
    executable: str
    distributions: list[str]
    versions: list[str]
    #: The folders that the user of the connection cannot change.
    unwritable: list[str]
    free: int
    files: dict[str, InstalledFile]
    #: A run is at work there, or was interrupted.
    unfinished: bool = False
    state: Optional[AppliedFork] = None
    journal: Optional[JournalEntry] = None

    @property
    def version(self) -> str:
        return self.versions[0] if self.versions else ''


@dataclass(frozen=True)
class HostFacts:
    """The name that a host has for itself, its clock, and which tools it lacks."""

    name: str
    time: float
    missing: list[str]


@dataclass(frozen=True)
class Outcome:
    """How a command ended, and the end of its output."""

    status: int
    output: str

    @property
    def failed(self) -> bool:
        return self.status != 0


@dataclass(frozen=True)
class Leftover:
    """An exchange that was interrupted: put back now, or still in place with all its files."""

    operation: Operation
    put_back: bool


@dataclass(frozen=True)
class PackedBackup:
    """A backup on its target, and what is in it."""

    path: str
    sha256: str
    size: int
    files: dict[str, InstalledFile]
    state: Optional[AppliedFork] = None


@dataclass(frozen=True)
class Manifest:
    """What a backup on the operator's machine has, and where it is from."""

    target: str
    site: str
    version: str
    #: The release of Nova that it was compared with when it was made.
    release: str
    sha256: str
    size: int
    files: dict[str, InstalledFile]
    state: Optional[AppliedFork] = None


@dataclass(frozen=True)
class Staged:
    """The paths that are ready for the exchange, and imports that failed before already."""

    paths: list[str]
    tolerated: dict[str, str]


@dataclass(frozen=True)
class Unpacked:
    """The paths that are ready for the exchange, and those that go with it."""

    paths: list[str]
    removed: list[str]


@dataclass(frozen=True)
class Holder:
    """Who has the lock of a target."""

    who: str
    command: str
    since: float = 0


class Request(Generic[Answer]):
    """The root of all requests."""

    #: Seconds that the answer may take.
    patience: ClassVar[float] = 900


@dataclass(frozen=True)
class Ping(Request[None]):
    """The connection is alive."""


@dataclass(frozen=True)
class FindSite(Request[str]):
    """The folder that holds the package ``nova``: the given one, or where Python finds it."""

    given: Optional[str] = None


@dataclass(frozen=True)
class InspectSite(Request[Installation]):
    site: str


@dataclass(frozen=True)
class InspectHost(Request[HostFacts]):
    tools: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Lock(Request[None]):
    """Take a lock, which ends with the connection."""

    folder: str
    name: str
    holder: Holder


@dataclass(frozen=True)
class CheckUnlocked(Request[None]):
    """Be refused, as ``Lock`` is, when another operator has it; take nothing."""

    folder: str
    name: str


@dataclass(frozen=True)
class Recover(Request[Optional[Leftover]]):
    """End what an interrupted run left unfinished."""

    site: str
    keep_incoming: bool = False


@dataclass(frozen=True)
class Pack(Request[PackedBackup]):
    """Write a backup beside the package."""

    site: str


@dataclass(frozen=True)
class Unpack(Request[Unpacked]):
    """Stage what differs from a backup."""

    site: str
    manifest: dict[str, InstalledFile]
    sha256: str


@dataclass(frozen=True)
class Stage(Request[Staged]):
    """Check, compile and import files that have arrived."""

    site: str
    files: dict[str, NewFile]
    removed: list[str]
    dist_info: str
    entry_points: list[EntryPoint]


@dataclass(frozen=True)
class Swap(Request[list[Step]]):
    """Exchange the staged files for those in place."""

    site: str
    staged: list[str]
    removed: list[str]
    operation: Operation


@dataclass(frozen=True)
class Undo(Request[bool]):
    """Put the old files back; whether there was anything to put back."""

    site: str


@dataclass(frozen=True)
class Commit(Request[None]):
    """Make an exchange final."""

    site: str
    state: Optional[AppliedFork] = None


@dataclass(frozen=True)
class Clear(Request[None]):
    """Remove what was staged, unless a journal needs it."""

    site: str


@dataclass(frozen=True)
class Compare(Request[list[str]]):
    """Every way in which a target differs from a manifest; ``changed``: compare these as well."""

    site: str
    manifest: dict[str, InstalledFile]
    changed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CheckImports(Request[dict[str, str]]):
    """Import modules and entry points where they are installed; those that fail, and why."""

    site: str
    paths: list[str]
    entry_points: list[EntryPoint]


@dataclass(frozen=True)
class RunCommand(Request[Outcome]):
    argv: list[str]
    timeout: float = 300

    @property
    def patience(self) -> float:  # type: ignore[override]
        return self.timeout + 60


@dataclass(frozen=True)
class MakeFolder(Request[None]):
    """Make a folder that files are copied to."""

    path: str


@dataclass(frozen=True)
class WriteNote(Request[None]):
    path: str
    text: str


@dataclass(frozen=True)
class RemoveTree(Request[None]):
    path: str


def encode(message: Any) -> Any:
    """Return what JSON has for it. A field without a value is left out."""
    if dataclasses.is_dataclass(message):
        pairs = ((f.name, getattr(message, f.name)) for f in dataclasses.fields(message))
        return {name: encode(value) for name, value in pairs if value is not None}
    if isinstance(message, dict):
        return {key: encode(value) for key, value in message.items()}
    if isinstance(message, (list, tuple)):
        return [encode(value) for value in message]
    return message


def decode(kind: Any, value: Any) -> Any:
    """Return what ``encode`` was given, by its type. Unknown fields are passed over."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Union:
        return None if value is None else decode(arguments[0], value)
    if origin is list:
        return [decode(arguments[0], item) for item in value]
    if origin is dict:
        return {key: decode(arguments[1], item) for key, item in value.items()}
    if origin is tuple:
        return tuple(value)
    if dataclasses.is_dataclass(kind):
        types = _types(kind)
        return kind(**{name: decode(types[name], v) for name, v in value.items() if name in types})
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    return value


@functools.cache
def _types(kind: Any) -> dict:
    return {field.name: field.type for field in dataclasses.fields(kind)}


def dump_request(request: Request) -> bytes:
    return _line({'do': type(request).__name__, 'with': encode(request)})


def load_request(line: bytes) -> Request:
    read = json.loads(line)
    kinds = {kind.__name__: kind for kind in Request.__subclasses__()}
    return decode(kinds[read['do']], read['with'])


def dump_answer(answer: Any) -> bytes:
    return _line({'answer': encode(answer)})


def dump_fault(fault: Fault, text: str) -> bytes:
    return _line({'fault': fault, 'text': text})


def answer_type(request: Request) -> Any:
    return get_args(type(request).__orig_bases__[0])[0]  # type: ignore[attr-defined]


def _line(content: dict) -> bytes:
    return json.dumps(content).encode() + b'\n'
