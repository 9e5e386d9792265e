"""Between two signs with no ``...``: what Nova has there goes, each piece by a mark of its own."""

from collections.abc import Sequence

import libcst as cst

from graft.python import signs
from graft.python.place import Place, head

REMEDY = (
    'Keep what Nova has with `...`, or end each line of ours that takes the place of a piece '
    'of it with `# drops nova`.'
)


def drop(
    nova: Sequence[cst.CSTNode],
    ours: Sequence[tuple[cst.CSTNode, cst.Comment | None]],
    near: cst.CSTNode,
    place: Place,
) -> None:
    """Let pieces of Nova's go where as many of ours, each given with its comment, say so.

    ``near`` is where the sketch has the gap.
    """
    marked = [(node, comment) for node, comment in ours if signs.bears(comment, signs.DROPS)]
    if len(marked) == len(nova):
        for (_, comment), piece in zip(marked, nova, strict=True):
            place.drop([piece], comment)
    elif marked:
        raise place.error(
            marked[0][0],
            f'`# drops nova` stands on {len(marked)} here, and the release has {len(nova)} that go',
            candidates=nova,
            remedy=REMEDY,
        )
    else:
        raise place.error(
            near,
            f'`{head(nova[0])}` would go without a mark that says so',
            candidates=nova,
            remedy=REMEDY,
        )
