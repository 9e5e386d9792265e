"""Making lines of ours stand in Nova's file as its own lines do: indentation and blank lines."""

from collections.abc import Sequence
from statistics import multimode

from graft.text.lines import Line, leading_blanks
from graft.text.outline import Block, Format


def base_indent(form: Format, lines: Sequence[Line]) -> str | None:
    """The indentation of the first line that says something."""
    return next((line.indent for line in lines if form.says_something(line)), None)


def hanging_indent(form: Format, nova: Block) -> str | None:
    """The indentation that the file gives the further lines of its values."""
    if not form.hanging:
        return None
    indents = (base_indent(form, block.body) for block in nova.blocks())
    return next((indent for indent in indents if indent), None)


def fit_body(form: Format, sketch: Block, nova: Block, root: Block) -> list[Line]:
    """The body of a sketched block, indented as the body of Nova's block is."""
    old = base_indent(form, sketch.body)
    if not form.keyed or nova is root or old is None:
        return sketch.body
    new = base_indent(form, nova.body)
    if new is None:
        new = hanging_indent(form, root)
    if new is None:
        new = nova.indent + old.removeprefix(sketch.indent)
    return [line.reindented(old, new) for line in sketch.body]


def fit_block(form: Format, sketch: Block, indent: str, hanging: str | None) -> Block:
    """A copy of a sketched block whose heading stands at ``indent``."""
    if not form.keyed:
        return sketch

    def shifted(lines: Sequence[Line]) -> list[Line]:
        return [line.reindented(sketch.indent, indent) for line in lines]

    old = base_indent(form, sketch.body)
    return Block(
        title=sketch.title,
        depth=form.depth_at(indent, sketch.depth),
        value=sketch.value,
        lead=shifted(sketch.lead),
        head=shifted(sketch.head),
        body=shifted(sketch.body)
        if hanging is None or old is None
        else [line.reindented(old, hanging) for line in sketch.body],
        children=[
            fit_block(form, child, indent + child.indent.removeprefix(sketch.indent), hanging)
            for child in sketch.children
        ],
        foot=shifted(sketch.foot),
    )


def insert(form: Format, parent: Block, at: int, new: Block, end: str) -> None:
    """Put a new block among the children of ``parent``, as far from its neighbours as they are."""
    siblings = parent.children
    blank = Line('', end)
    # Comments above a sketch's heading explain the edit; labels are text of ours.
    own_lead = [] if form.keyed else new.lead[leading_blanks(new.lead) :]
    if at == 0 and siblings:
        first = siblings[0]
        present = leading_blanks(first.lead)
        new.lead = [*first.lead[:present], *own_lead]
        missing = _customary_blanks(form, parent, first) - present
        first.lead = [*[blank] * missing, *first.lead]
    elif parent.head or parent.body or siblings:
        new.lead = [*[blank] * _customary_blanks(form, parent, new), *own_lead]
    else:
        new.lead = own_lead
    siblings.insert(at, new)


def set_off_below(form: Format, root: Block, block: Block, end: str) -> None:
    """Keep text that ``block`` was given from running into the next title."""
    if form.keyed:
        return
    blocks = list(root.blocks())
    below = blocks[blocks.index(block) + 1 :]
    if below and not leading_blanks(below[0].lead):
        below[0].lead = [Line('', end), *below[0].lead]


def _customary_blanks(form: Format, parent: Block, new: Block) -> int:
    """How many blank lines set the children of ``parent`` apart."""
    customs = [leading_blanks(child.lead) for child in parent.children[1:]]
    return min(multimode(customs)) if customs else int(new.depth <= form.spaced_depths)
