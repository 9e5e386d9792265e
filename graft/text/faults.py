"""What a sketch may not show: each fault of a sketched tree, with its remedy.

A function that checks something raises its fault; the others return one.
"""

from collections.abc import Sequence

from graft.errors import SketchError
from graft.text import signs
from graft.text.block import has_sign
from graft.text.lines import Line, texts
from graft.text.outline import Block, Format
from graft.text.place import Place, nearest, numbered


def validate(form: Format, sketch: Block, place: Place) -> None:
    """Find the faults of a sketch that show without a look at Nova's file."""
    _check_marks(form, sketch, place)
    _check_blocks(form, sketch, place)


def _check_blocks(form: Format, sketch: Block, place: Place) -> None:
    if sketch.replaces:
        _check_replaced(form, sketch, place)
    titles: set[str] = set()
    for child in sketch.children:
        if child.title in titles and not child.is_rest:
            raise place.error(
                child.title_line,
                f'the sketch shows "{child.title}" twice',
                remedy='Show it once, with all that it adds.',
            )
        titles.add(child.title)
        _check_blocks(form, child, place.under(child.title))


def _check_marks(form: Format, sketch: Block, place: Place) -> None:
    """A mark that the format did not read would be woven as text of ours."""
    heads = [line for block in sketch.blocks() for line in (*block.lead, *block.head, *block.foot)]
    for line in heads:
        if signs.drops(line.text):
            raise place.drops_nothing(line)
    for line in sketch.lines():
        if signs.replaces(line.text):
            raise place.error(
                line,
                f'"{line.text.strip()}" marks nothing here',
                remedy=f'Put "{form.mark}" at the heading whose block it replaces.',
            )


def _check_replaced(form: Format, sketch: Block, place: Place) -> None:
    for block in sketch.blocks() if form.keyed else [sketch]:
        if block.is_rest or block.holds or has_sign(block.body):
            raise place.error(
                first_line(form, sketch),
                f'"{form.mark}" stands over a block that has "..." or an anchor',
                remedy='Take the mark away to edit the block, or the signs to replace it.',
            )


def unmarked(form: Format, sketch: Block, place: Place) -> SketchError:
    return place.error(
        first_line(form, sketch),
        'this differs from Nova\'s text and has neither "..." nor an anchor',
        remedy=f'Show with "..." what stays of Nova\'s, or mark it "{form.mark}".',
    )


def not_one(nova: Block, child: Block, hits: Sequence[Block], place: Place) -> SketchError:
    """The fault of a heading that names several blocks, or of an anchored one that names none."""
    line = child.title_line
    if not child.holds:
        return place.error(
            line,
            f'{place.release} has "{child.title}" {len(hits)} times here',
            nearest=[numbered(block.title_line) for block in hits],
            remedy='Only a block whose heading stands once can be sketched.',
        )
    pattern = signs.unmarked(line.text).strip()
    if hits:
        return place.several_matches(line, pattern, [block.title_line for block in hits])
    return place.no_match(line, pattern, [block.title_line for block in nova.children])


def check_value(form: Format, nova: Block, sketch: Block, place: Place) -> None:
    """Lines cannot be woven into a value that is of another kind than the sketch shows."""
    if nova.children:
        problem = 'the sketch shows lines where Nova has keys'
    elif sketch.value not in ('', signs.REST, nova.value) and not sketch.holds:
        problem = f'the sketch opens this value with "{sketch.value}", Nova with "{nova.value}"'
    elif nova.value and not nova.body and not form.continues:
        problem = f'Nova\'s whole value stands on the line of its key: "{nova.value}"'
    else:
        return
    raise place.error(
        first_line(form, sketch),
        problem,
        remedy=f'Show it as Nova does, or give the whole value, marked "{form.mark}".',
    )


def check_shape(form: Format, nova: Block, child: Block, place: Place) -> None:
    """A key cannot be added where Nova has a text or a list."""
    if not form.keyed or nova.children:
        return
    if nova.value or any(map(form.says_something, nova.body)):
        raise place.error(
            child.title_line,
            'the sketch shows keys where Nova has a text or a list',
            remedy=f'Show it as Nova does, or give the whole block, marked "{form.mark}".',
        )


def check_new(form: Format, nova: Block, child: Block, place: Place) -> None:
    """What only names a place, or holds on to Nova, has to be there."""
    marked = any(
        block.is_rest or block.holds or block.replaces or has_sign(block.body)
        for block in child.blocks()
    )
    if marked or not (form.has_text(child) or child.children):
        titles = ((block.title, block.title_line) for block in nova.children)
        raise place.error(
            child.title_line,
            f'{place.release} has no "{child.title}" here',
            nearest=nearest(child.title, titles),
            remedy='Name one that it has; or, if it is new, give it text and no sign.',
        )


def check_label(form: Format, nova: Block, sketch: Block, place: Place) -> None:
    for line in sketch.lead:
        if form.label.match(line.text) and line.text not in texts(nova.lead):
            raise place.error(
                line,
                "a label cannot be added to a title of Nova's",
                remedy='Put it over a section of ours, or refer to the document.',
            )


def check_keys(form: Format, rest: Block, place: Place) -> None:
    for line in filter(form.says_something, rest.body):
        raise place.error(
            line,
            f'"{line.text.strip()}" belongs to no key',
            remedy='Show the key above the lines of its value.',
        )


def check_rests(
    children: Sequence[Block], counterparts: Sequence[Block | None], place: Place
) -> None:
    """Among headings one that Nova has parts two ``...`` as an anchor does among lines."""
    open_rest = False
    for child, counterpart in zip(children, counterparts, strict=True):
        if child.is_rest and open_rest:
            raise place.two_rests(child.head[0])
        open_rest = child.is_rest or (open_rest and counterpart is None)


def first_line(form: Format, sketch: Block) -> Line:
    lines = [sketch.title_line] if sketch.head else sketch.body
    return next((line for line in lines if form.says_something(line)), Line('', number=1))
