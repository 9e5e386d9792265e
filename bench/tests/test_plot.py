"""Plots: what is drawn where, and that it is legible on every background."""

import xml.etree.ElementTree as ET

import pytest

from bench.report import plot

_SVG = '{http://www.w3.org/2000/svg}'
_BACKGROUNDS = ('#ffffff', '#0d1117')

#: What the tests below look at, drawn in one go: to start matplotlib takes a second.
_PLOTS = {
    'linear': plot.Lines('t', 'x', 'y', [plot.Series('s', [(0, 0), (5, 50), (10, 100)])]),
    'logarithmic': plot.Lines(
        't', 'x', 'y', [plot.Series('s', [(1, 1), (10, 1), (100, 1)])], log_x=True
    ),
    'flat': plot.Lines('t', 'x', 'y', [plot.Series('s', [(1, 0), (2, 0)])]),
    'two': plot.Lines(
        't', 'x', 'y', [plot.Series(name, [(1, 1), (2, 2)]) for name in ('first', 'second')]
    ),
    'bars': plot.Bars('t', 's', [plot.Bar('a', 1, '1'), plot.Bar('b', 4, '4')]),
    'special': plot.Bars('a < "b"', 's', [plot.Bar('<&>', 1, '$1$')]),
}


@pytest.fixture(scope='module')
def pictures():
    return plot.draw(_PLOTS)


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
    """Every colour is legible on a white page and on a black one."""
    assert _contrast(colour, background) > (4 if colour == plot.INK else 3)


@pytest.mark.parametrize('name', _PLOTS)
def test_only_these_colours(pictures, name):
    """Nothing is drawn in another colour, and no background is filled."""
    styles = ' '.join(element.get('style', '') for element in ET.fromstring(pictures[name]).iter())
    used = {style.strip('; ') for style in styles.split() if style.startswith('#')}
    assert used <= {plot.INK, *plot.COLOURS}


def _circles(picture):
    """Return the places of the markers of the first series."""
    return [
        (float(element.get('x')), float(element.get('y')))
        for element in ET.fromstring(picture).iter(f'{_SVG}use')
        if plot.COLOURS[0] in element.get('style')
    ]


def test_lines_places(pictures):
    """A larger value is further right and further up, in proportion."""
    (x0, y0), (x1, y1), (x2, y2) = _circles(pictures['linear'])
    assert x0 < x1 < x2 and y0 > y1 > y2
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.01)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.01)


def test_lines_logarithmic(pictures):
    """On a logarithmic axis each power of ten takes the same width."""
    x = [x for x, _ in _circles(pictures['logarithmic'])]
    assert x[1] - x[0] == pytest.approx(x[2] - x[1], abs=0.01)


def test_lines_without_height(pictures):
    """Values that are all 0 are drawn on the axis."""
    (_, y0), (_, y1) = _circles(pictures['flat'])
    assert y0 == y1 > 200


def _texts(picture):
    return [element.text for element in ET.fromstring(picture).iter(f'{_SVG}text')]


def test_legend(pictures):
    """Several series are named, and a single one needs no name."""
    assert {'first', 'second'} <= set(_texts(pictures['two']))
    assert 's' not in _texts(pictures['linear'])


def test_bars(pictures):
    """The longest bar is the largest value's, and others are in proportion."""
    widths = []
    for element in ET.fromstring(pictures['bars']).iter(f'{_SVG}path'):
        if element.get('style') == f'fill: {plot.COLOURS[0]}':
            x = [float(line.split()[1]) for line in element.get('d').splitlines() if ' ' in line]
            widths.append(max(x) - min(x))
    assert len(widths) == 2
    assert widths[1] == pytest.approx(4 * widths[0], abs=0.01)


def test_text(pictures):
    """Text stays text, whatever is in it, and the title is there for screen readers."""
    root = ET.fromstring(pictures['special'])
    assert root.findtext(f'{_SVG}title') == 'a < "b"'
    assert {'a < "b"', '<&>', '$1$'} <= set(_texts(pictures['special']))


def test_same_bytes(pictures):
    """Drawn again, on another day, a plot has the same bytes; it names no date and no version."""
    assert plot.draw(_PLOTS) == pictures
    assert 'date' not in pictures['linear'] and 'Matplotlib' not in pictures['linear']


@pytest.mark.parametrize(
    'value, expected',
    [(0, '0'), (0.25, '0.25'), (5, '5'), (0.1234, '0.123'), (12.7, '13'), (20000, '20,000')],
)
def test_number(value, expected):
    """Numbers are in their shortest clear form."""
    assert plot.number(value) == expected
