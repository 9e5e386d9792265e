"""Everything that can go wrong in graft, in one tree.

GraftError
├── SketchError      a sketch does not fit the release it is woven into
├── ReleaseError     a release is unknown, cannot be had, or is not what it should be
├── TreeError        a woven tree holds work that a new weave would lose
└── CommandError     a command that graft ran failed
"""

import functools
from collections.abc import Callable, Sequence


class GraftError(Exception):
    """The root: a message for the user, never a traceback."""


class SketchError(GraftError):
    """A sketch that does not fit: where, what was sought, the nearest of Nova's, the remedy.

    The nearest lines may be given as a function: a fault that is tried and passed over is common,
    and finding the numbers of lines in a large module takes long.
    """

    def __init__(
        self,
        where: str,
        problem: str,
        *,
        nearest: Sequence[str] | Callable[[], Sequence[str]] = (),
        remedy: str = '',
    ) -> None:
        super().__init__(where, problem)
        self.where = where
        self.problem = problem
        self.nearest = nearest
        self.remedy = remedy

    def __reduce__(self) -> tuple[Callable[..., 'SketchError'], tuple[str, str]]:
        """Carry the fault to another process, its lines found."""
        nearest = list(self.nearest() if callable(self.nearest) else self.nearest)
        rebuild = functools.partial(SketchError, nearest=nearest, remedy=self.remedy)
        return rebuild, (self.where, self.problem)

    def __str__(self) -> str:
        nearest = self.nearest() if callable(self.nearest) else self.nearest
        lines = [f'{self.where}: {self.problem}']
        if nearest:
            lines.append('  nearest in the release:')
            lines.extend(f'    {line}' for line in nearest)
        if self.remedy:
            lines.append(f'  {self.remedy}')
        return '\n'.join(lines)


class ReleaseError(GraftError):
    """A release that is unknown, cannot be had, or is not what it should be."""


class TreeError(GraftError):
    """A woven tree holds work that a new weave would lose."""


class CommandError(GraftError):
    """A command that graft ran failed; the message holds the command and the end of its output."""
