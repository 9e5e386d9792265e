"""Where in a sketch the weave is: for messages, and to know which marks held on to something."""

import difflib
import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import libcst as cst
from libcst.metadata import CodePosition, MetadataWrapper, PositionProvider

from graft.errors import SketchError
from graft.python import signs
from graft.signs import unmarked
from graft.touch import Drop

WIDTH = 79  # of a line in Nova


@dataclass(frozen=True)
class Place:
    """A named spot in a sketch that is being woven into one file of a release."""

    path: str
    release: str
    sketch: MetadataWrapper
    nova: MetadataWrapper
    names: tuple[str, ...] = ()
    held: set[int] = field(default_factory=set)
    drops: list[Drop] = field(default_factory=list)

    def inside(self, name: str) -> 'Place':
        return replace(self, names=(*self.names, name))

    @property
    def name(self) -> str:
        return '.'.join(self.names)

    def line(self, node: cst.CSTNode) -> int:
        return self._start(node).line

    def column(self, node: cst.CSTNode) -> int:
        return self._start(node).column

    def _start(self, node: cst.CSTNode) -> CodePosition:
        positions = self.sketch.resolve(PositionProvider)
        if node not in positions:  # a statement on the line that opens its block
            node = node.body[0]
        return positions[node].start

    def hold(self, node: cst.CSTNode) -> None:
        """Note that the mark on the node's line did its work."""
        comment = node if isinstance(node, cst.Comment) else signs.line_comment(node)
        if comment is not None:
            self.held.add(self.line(comment))

    def hold_lines(self, node: cst.CSTNode) -> None:
        """Note that all marks inside the node did their work."""
        span = self.sketch.resolve(PositionProvider)[node]
        self.held.update(range(span.start.line, span.end.line + 1))

    def drop(self, nova: Sequence[cst.CSTNode], marked: cst.CSTNode, *, below: int = 0) -> None:
        """Note that pieces of Nova's go, as the mark says, with the comments above them.

        ``below`` is the number of lines of comments below them that go too.
        """
        self.hold(marked)
        positions = self.nova.resolve(PositionProvider)
        spans = [(node, positions[node]) for node in nova if node in positions]
        if spans:
            above = len(getattr(spans[0][0], 'leading_lines', ()))
            comment = marked if isinstance(marked, cst.Comment) else signs.line_comment(marked)
            first, last = spans[0][1].start.line - above, spans[-1][1].end.line + below
            self.drops.append(Drop(first, last, self.line(comment)))

    def error(
        self,
        node: cst.CSTNode,
        problem: str,
        *,
        candidates: Iterable[cst.CSTNode] = (),
        remedy: str,
    ) -> SketchError:
        where = f'{self.path} ({self.release}), line {self.line(node)}'
        if self.names:
            where += f', in {self.name}'
        nearest = functools.partial(self._nearest, node, list(candidates))
        return SketchError(where, problem, nearest=nearest, remedy=remedy)

    def _nearest(self, node: cst.CSTNode, candidates: list[cst.CSTNode]) -> list[str]:
        """The lines of Nova's that are most like the node's, in their order, with their numbers."""
        text = head(node)
        ranked = sorted(
            candidates,
            key=lambda c: -difflib.SequenceMatcher(None, text, head(c), autojunk=False).ratio(),
        )[:3]
        if not ranked:
            return []
        positions = self.nova.resolve(PositionProvider)
        lines = sorted((positions[c].start.line, head(c)) for c in ranked if c in positions)
        return [f'{number}: {line}' for number, line in lines]


def render(node: cst.CSTNode) -> str:
    return cst.Module(body=[]).code_for_node(node)


def head(node: cst.CSTNode) -> str:
    """The line on which a node begins, as one would quote it."""
    if hasattr(node, 'leading_lines'):
        node = node.with_changes(leading_lines=())
    if hasattr(node, 'comma'):
        node = node.with_changes(comma=cst.MaybeSentinel.DEFAULT)
    if isinstance(node, cst.FunctionDef | cst.ClassDef):
        keyword = 'def' if isinstance(node, cst.FunctionDef) else 'class'
        return f'{keyword} {node.name.value}'
    text = render(node).strip().splitlines()
    first = text[0] if text else ''
    return unmarked(first)
