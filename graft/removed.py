"""What a woven file lacks of Nova's, found by comparing the two, whatever the weave says of itself.

A statement may grow (elements, parameters, decorators, clauses) and may stand in a block of ours.
One that does neither has gone.
"""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from graft.touch import Drop
from graft.weave import Woven

BLOCKS = ('body', 'handlers', 'orelse', 'finalbody')
MAY_BE_ADDED = ('returns', 'vararg', 'kwarg')
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Flat = list[tuple[ast.stmt, int]]


@dataclass(frozen=True)
class Removed:
    """A line of Nova's that the woven file lacks, and the line of the sketch whose mark says so."""

    path: str
    number: int
    text: str
    mark: int | None

    def __str__(self) -> str:
        why = f'line {self.mark} of the sketch' if self.mark else 'no mark says so'
        return f'{self.path}:{self.number}: {self.text.strip()}  ({why})'


def removed(woven: Woven, pristine: Path) -> Iterator[Removed]:
    """Every line of Nova's that goes, file by file."""
    for path, content in woven.files.items():
        if (pristine / path).exists():
            before, after = (pristine / path).read_text(), content.decode()
            spans = _statements if path.endswith('.py') else _lines
            yield from _explained(path, before, spans(before, after), woven.drops.get(path, ()))


def _explained(
    path: str, before: str, spans: Iterator[range], drops: Sequence[Drop]
) -> Iterator[Removed]:
    """The lines of each span; of one that a mark explains in part, those that it explains."""
    lines = before.splitlines()
    marks = {n: drop.mark for drop in drops for n in range(drop.first, drop.last + 1)}
    numbers: set[int] = set()
    for span in spans:
        numbers.update([number for number in span if number in marks] or span)
    for number in sorted(numbers):
        if lines[number - 1].strip():
            yield Removed(path, number, lines[number - 1], marks.get(number))


def _lines(before: str, after: str) -> Iterator[range]:
    """Lines of a text that have gone, blank ones and indentation aside."""
    return _missing(list(enumerate(before.splitlines(), 1)), after.splitlines())


def _missing(before: Sequence[tuple[int, str]], after: Sequence[str]) -> Iterator[range]:
    numbered = [(number, ' '.join(line.split())) for number, line in before if line.strip()]
    present = [' '.join(line.split()) for line in after if line.strip()]
    remaining = iter(present)
    if all(line in remaining for _, line in numbered):
        return
    matcher = SequenceMatcher(None, [line for _, line in numbered], present, autojunk=False)
    common = {block.a + i for block in matcher.get_matching_blocks() for i in range(block.size)}
    yield from (range(n, n + 1) for i, (n, _) in enumerate(numbered) if i not in common)


def _statements(before: str, after: str) -> Iterator[range]:
    """Statements and comments of a module that have gone."""
    yield from _removed_statements(ast.parse(before).body, ast.parse(after).body)
    comments = [(n, t) for n, t in enumerate(before.splitlines(), 1) if t.lstrip().startswith('#')]
    yield from _missing(comments, [t for t in after.splitlines() if t.lstrip().startswith('#')])


def _removed_statements(before: Sequence[ast.stmt], after: Sequence[ast.stmt]) -> Iterator[range]:
    """What of a block has gone; what stays stands in the same order, perhaps in blocks of ours."""
    pairs = _aligned(before, _flat(after))
    for statement in before:
        if statement in pairs:
            yield from _removed_parts(statement, pairs[statement])
        else:
            yield _span(statement)


def _removed_parts(before: ast.AST, after: ast.AST) -> Iterator[range]:
    """What has gone of a statement that both have: of its header, and of its blocks."""
    if isinstance(before, Definition):
        for decorator in before.decorator_list:
            if not any(_grown(decorator, other) for other in after.decorator_list):
                yield _span(decorator)
        header = [f for f in before._fields if f not in (*BLOCKS, 'decorator_list')]
        if not all(_grown(getattr(before, f), getattr(after, f), f) for f in header):
            yield range(before.lineno, max(before.lineno + 1, before.body[0].lineno))
    for name in ('body', 'orelse', 'finalbody'):
        if isinstance(block := getattr(before, name, None), list):
            yield from _removed_statements(block, getattr(after, name))
    handlers = list(getattr(after, 'handlers', ()))
    for handler in getattr(before, 'handlers', ()):
        counterpart = next((h for h in handlers if _same_header(handler, h)), None)
        if counterpart is None:
            yield _span(handler)
        else:
            yield from _removed_statements(handler.body, counterpart.body)


def _flat(block: Sequence[ast.stmt]) -> Flat:
    """The statements of a block and those in the blocks among them, but of no definition.

    Beside each stands where the statement after it begins.
    """
    flat: Flat = []
    for statement in block:
        at = len(flat)
        flat.append((statement, at + 1))
        if not isinstance(statement, Definition):
            for inner in _blocks(statement):
                size = len(flat)
                flat += [(nested, end + size) for nested, end in _flat(inner)]
        flat[at] = (statement, len(flat))
    return flat


def _blocks(statement: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    for name in BLOCKS:
        parts = getattr(statement, name, ())
        if name == 'handlers':
            yield from (handler.body for handler in parts)
        else:
            yield parts


def _aligned(before: Sequence[ast.stmt], after: Flat) -> dict[ast.stmt, ast.stmt]:
    """Which statement of ``after`` each of ``before`` is: as many as keep their order."""
    pairs: dict[ast.stmt, ast.stmt] = {}
    start = 0
    for statement in before:
        indexes = (i for i in range(start, len(after)) if _same_header(statement, after[i][0]))
        if (index := next(indexes, None)) is None:
            return _longest(before, after)
        pairs[statement], start = after[index]
    return pairs


def _longest(before: Sequence[ast.stmt], after: Flat) -> dict[ast.stmt, ast.stmt]:
    """The alignment that loses fewest statements."""
    same = [[_same_header(b, a) for a, _ in after] for b in before]
    best = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in reversed(range(len(before))):
        for j, (_, end) in reversed(list(enumerate(after))):
            take = 1 + best[i + 1][end] if same[i][j] else 0
            best[i][j] = max(take, best[i + 1][j], best[i][j + 1])
    pairs: dict[ast.stmt, ast.stmt] = {}
    i = j = 0
    while i < len(before) and j < len(after):
        statement, end = after[j]
        if same[i][j] and best[i][j] == 1 + best[i + 1][end]:
            pairs[before[i]] = statement
            i, j = i + 1, end
        elif best[i][j] == best[i][j + 1]:
            j += 1
        else:
            i += 1
    return pairs


def _same_header(before: ast.AST, after: ast.AST) -> bool:
    """Whether two statements open alike, ours with more in it perhaps; definitions by name."""
    if type(before) is not type(after):
        return False
    if isinstance(before, Definition):
        return before.name == after.name
    fields = (field for field in before._fields if field not in BLOCKS)
    return all(_grown(getattr(before, f), getattr(after, f), f) for f in fields)


def _grown(before: object, after: object, field: str = '') -> bool:
    """Whether all of ``before`` is in ``after``, whose lists may have more in them."""
    if isinstance(before, list) and isinstance(after, list):
        remaining = iter(after)
        return all(any(_grown(b, a) for a in remaining) for b in before)
    if isinstance(before, ast.AST):
        return type(before) is type(after) and all(
            _grown(getattr(before, name), getattr(after, name), name) for name in before._fields
        )
    return before == after or (before is None and field in MAY_BE_ADDED)


def _span(node: ast.stmt | ast.expr | ast.ExceptHandler) -> range:
    first = min([node.lineno, *(d.lineno for d in getattr(node, 'decorator_list', ()))])
    return range(first, node.end_lineno + 1)
