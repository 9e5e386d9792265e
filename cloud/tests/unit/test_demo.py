"""How the demo shows a server."""

from __future__ import annotations

import io

from cloud import demo

VIEW = demo.View(
    demo.Shown(2, 512, 'adjustment running'), demo.Shown(4, 768), demo.Shown(2, 470, 'up for 9 s')
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_elsewhere() -> None:
    """Each change is a line with its time; what does not change is not said again."""
    stream = io.StringIO()
    picture = demo.Picture(stream)
    for view in (demo.View(), VIEW, VIEW):
        picture.draw(view)
    assert [line.partition(' s  ')[2] for line in stream.getvalue().splitlines()] == [
        'API: nothing yet | placement: nothing yet | guest: nothing yet',
        'API: 2 vCPUs 512 MiB adjustment running | placement: 4 vCPUs 768 MiB | '
        'guest: 2 vCPUs 470 MiB up for 9 s',
    ]


def test_picture_on_a_terminal() -> None:
    """A column for each side; the next picture takes the place of the last."""
    stream = Terminal()
    picture = demo.Picture(stream)
    picture.draw(demo.View())
    picture.draw(VIEW)
    _, _, after = stream.getvalue().partition('\x1b[5F\x1b[J')
    assert after.splitlines() == [
        '',
        '  the API says                placement holds             the guest prints',
        '  ######...... 2 vCPUs        ############ 4 vCPUs        ######...... 2 vCPUs',
        '  ########.... 512 MiB        ############ 768 MiB        #######..... 470 MiB',
        '  adjustment running                                      up for 9 s',
    ]


def test_agreement() -> None:
    """All have to say the size; the guest's kernel keeps some of the memory for itself."""
    api, placement = demo.Shown(2, 512, 'adjustment succeeded'), demo.Shown(2, 512)
    assert demo.View(api, placement, demo.Shown(2, 470)).agrees((2, 512))
    assert not demo.View(api, placement, demo.Shown(1, 470)).agrees((2, 512))
    assert not demo.View(api, placement, demo.Shown(2, 300)).agrees((2, 512))
    assert not demo.View(api, placement).agrees((2, 512))
    assert not VIEW.agrees((2, 512))
