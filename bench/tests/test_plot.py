"""Plots: what is drawn where, and that it is seen on every background."""

import xml.etree.ElementTree as ET

import pytest

from bench.report import plot

_SVG = '{http://www.w3.org/2000/svg}'
_BACKGROUNDS = ('#ffffff', '#0d1117')


def _luminance(colour):
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize('background', _BACKGROUNDS)
@pytest.mark.parametrize('colour', [plot.INK, *plot.COLOURS])
def test_colours(colour, background):
    """Every colour is seen on a white page and on a black one."""
    assert _contrast(colour, background) > (4 if colour == plot.INK else 3)


def _circles(picture):
    root = ET.fromstring(picture)
    return [
        (float(each.get('cx')), float(each.get('cy')))
        for each in root.iter(f'{_SVG}circle')
        if each.get('r') == '3.5'
    ]


def test_lines_places():
    """A larger value is further right and further up, in proportion."""
    points = [(0, 0), (5, 50), (10, 100)]
    (x0, y0), (x1, y1), (x2, y2) = _circles(plot.lines('t', 'x', 'y', [plot.Series('s', points)]))
    assert x0 < x1 < x2 and y0 > y1 > y2
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.11)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.11)


def test_lines_logarithmic():
    """On a logarithmic axis each power of ten takes the same width."""
    points = [(1, 1), (10, 1), (100, 1)]
    picture = plot.lines('t', 'x', 'y', [plot.Series('s', points)], log_x=True)
    x = [x for x, _ in _circles(picture)]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.11)


def test_lines_without_height():
    """Values that are all 0 are drawn on the axis, and nothing is divided by 0."""
    series = [plot.Series('s', [(1, 0), (2, 0)])]
    assert len(_circles(plot.lines('t', 'x', 'y', series))) == 2


def test_bars():
    """The longest bar is the largest value's, and others are in proportion."""
    picture = plot.bars('t', [plot.Bar('a', 1, '1'), plot.Bar('b', 4, '4')], 's')
    widths = [float(each.get('width')) for each in ET.fromstring(picture).iter(f'{_SVG}rect')]
    assert widths[1] == pytest.approx(4 * widths[0], abs=0.5)


def test_text_is_escaped():
    """A name is shown as it is, whatever it has in it."""
    picture = plot.bars('a < "b"', [plot.Bar('<&>', 1, '1')], 's')
    root = ET.fromstring(picture)
    assert root.get('aria-label') == 'a < "b"'
    assert '<&>' in [each.text for each in root.iter(f'{_SVG}text')]


@pytest.mark.parametrize(
    'value, expected',
    [(0, '0'), (0.25, '0.25'), (5, '5'), (0.1234, '0.123'), (12.7, '13'), (20000, '20,000')],
)
def test_number(value, expected):
    """Numbers are as short as they are clear."""
    assert plot.number(value) == expected
