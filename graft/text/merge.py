"""Weaving the tree of a sketch into the tree of Nova's file.

A heading that Nova has is descended into, one that Nova lacks is new. Among headings nothing is
ever dropped: only inside a block do lines go where no ``...`` stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from graft.text import faults, signs
from graft.text.block import has_sign, read_pattern, weave_lines
from graft.text.fit import fit_block, fit_body, hanging_indent, insert, set_off_below
from graft.text.lines import Line, count_changes, texts, trimmed
from graft.text.outline import Block, Format
from graft.text.place import Place
from graft.touch import Touch


@dataclass
class Weaver:
    """One weave into one file: Nova's tree is changed in place, and the touches noted."""

    form: Format
    root: Block
    end: str
    touches: list[Touch] = field(default_factory=list)

    def weave(self, sketch: Block, place: Place) -> None:
        """Weave the whole sketch."""
        faults.validate(self.form, sketch, place)
        self.descend(self.root, sketch, place)

    def descend(self, nova: Block, sketch: Block, place: Place) -> None:
        """Weave a block of the sketch into the block of Nova's that bears its heading."""
        faults.check_label(self.form, nova, sketch, place)
        if sketch.replaces:
            self._replace(nova, sketch, place)
            if self.form.keyed:
                return
        elif has_sign(sketch.body):
            self._edit(nova, sketch, place)
        elif self.form.has_text(sketch) and not self._reads_alike(nova, sketch):
            raise faults.unmarked(self.form, sketch, place)
        self._merge(nova, sketch, place)

    def _edit(self, nova: Block, sketch: Block, place: Place) -> None:
        ours = fit_body(self.form, sketch, nova, self.root)
        pattern = read_pattern(ours, place)
        if not pattern.has_ours and not pattern.anchors:
            return
        if self.form.keyed:
            faults.check_value(self.form, nova, sketch, place)
        woven = weave_lines(nova.body, ours, place)
        if texts(woven) != texts(nova.body):
            self._note(place, 'edited', nova.body, woven)
            nova.body = woven
            set_off_below(self.form, self.root, nova, self.end)

    def _replace(self, nova: Block, sketch: Block, place: Place) -> None:
        if not self.form.keyed:
            if texts(trimmed(nova.body)) != texts(trimmed(sketch.body)):
                self._note(place, 'replaced', nova.body, sketch.body)
                place.drop(nova.body, faults.first_line(self.form, sketch))
                nova.body = sketch.body
                set_off_below(self.form, self.root, nova, self.end)
        elif self._reading(nova) != self._reading(sketch):
            new = fit_block(self.form, sketch, nova.indent, hanging_indent(self.form, self.root))
            new.lead = []
            before = list(nova.lines())[len(nova.lead) :]
            self._note(place, 'replaced', before, list(new.lines()))
            place.drop(before, faults.first_line(self.form, sketch))
            nova.head, nova.value, nova.body = new.head, new.value, new.body
            nova.children, nova.foot = new.children, new.foot

    def _merge(self, nova: Block, sketch: Block, place: Place) -> None:
        if not sketch.children:
            return
        counterparts = [self._find(nova, child, place) for child in sketch.children]
        faults.check_rests(sketch.children, counterparts, place)
        for at, child in enumerate(sketch.children):
            if child.is_rest:
                faults.check_keys(self.form, child, place)
                continue
            inner = place.under(child.title)
            if counterpart := counterparts[at]:
                self.descend(counterpart, child, inner)
                continue
            faults.check_shape(self.form, nova, child, place)
            faults.check_new(self.form, nova, child, inner)
            new = self._new(nova, sketch, child)
            position = _within_depth(nova, new, _position(nova, sketch.children, counterparts, at))
            insert(self.form, nova, position, new, self.end)
            set_off_below(self.form, self.root, [*new.blocks()][-1], self.end)
            self._note(inner, 'member', [], list(new.lines()))
            counterparts[at] = new

    def _new(self, nova: Block, sketch: Block, child: Block) -> Block:
        indent = nova.indent + child.indent.removeprefix(sketch.indent)
        if nova.children:
            indent = nova.children[0].indent
        return fit_block(self.form, child, indent, hanging_indent(self.form, self.root))

    def _find(self, nova: Block, child: Block, place: Place) -> Block | None:
        """The block of Nova's that a heading of the sketch names, if there is one."""
        if child.is_rest:
            return None
        if not child.holds:
            hits = [block for block in nova.children if block.title == child.title]
        else:
            hits = [block for block in nova.children if _is_anchored(child, block)]
        if len(hits) > 1 or (child.holds and not hits):
            raise faults.not_one(nova, child, hits, place)
        return hits[0] if hits else None

    def _reads_alike(self, nova: Block, sketch: Block) -> bool:
        if not self.form.keyed:
            return texts(trimmed(nova.body)) == texts(trimmed(sketch.body))
        if sketch.children:
            return sketch.value == nova.value
        return self._reading(nova) == self._reading(sketch)

    def _reading(self, block: Block) -> list[object]:
        """What a keyed block says, whatever its indentation and comments."""
        own = [line.words for line in [*block.body, *block.foot] if self.form.says_something(line)]
        return [block.title, block.value, own, [self._reading(child) for child in block.children]]

    def _note(self, place: Place, how: str, before: Sequence[Line], after: Sequence[Line]) -> None:
        self.touches.append(Touch(place.name, how, *count_changes(before, after)))


def _is_anchored(anchor: Block, block: Block) -> bool:
    return signs.matches(anchor.title, block.title) and (
        not anchor.value or signs.matches(anchor.value, block.value)
    )


def _position(
    nova: Block, sketched: Sequence[Block], counterparts: Sequence[Block | None], at: int
) -> int:
    """Where among Nova's blocks a new one goes that stands at ``at`` in the sketch."""
    above = counterparts[at - 1] if at else None
    if above:
        return nova.children.index(above) + 1
    for child, counterpart in zip(sketched[at + 1 :], counterparts[at + 1 :], strict=True):
        if child.is_rest and not at:
            return 0
        if counterpart and (at or child.holds):
            return nova.children.index(counterpart)
        if child.is_rest or counterpart:
            break
    return len(nova.children)


def _within_depth(nova: Block, new: Block, position: int) -> int:
    """The position moved to where the blocks below a deeper or shallower heading stay its own.

    Keys that belong to no section have to stand above the first section, for one.
    """
    depths = [child.depth for child in nova.children]
    deeper = sum(depth > new.depth for depth in depths)
    not_shallower = sum(depth >= new.depth for depth in depths)
    return min(max(position, deeper), not_shallower)
