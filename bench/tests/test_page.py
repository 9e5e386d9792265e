"""The page, from results to Markdown."""

import json
import re

import pytest

from bench import cli
from bench.report import markdown, page, plot, results


def test_table():
    """Columns of numbers are aligned right, others left."""
    assert markdown.table(['what', 's'], [['a', '1.5'], ['b', '1,000']]) == (
        '| what | s |\n| --- | ---: |\n| a | 1.5 |\n| b | 1,000 |'
    )


def test_wrapped():
    """No line is longer than it may be, and no word is lost."""
    text = ' '.join(['word'] * 100)
    broken = markdown.wrapped(text, 30)
    assert max(map(len, broken.splitlines())) <= 30
    assert broken.split() == text.split()


def test_wrapped_code():
    """Code stays on one line, with what is attached to it."""
    assert markdown.wrapped('run (`make -s bench`), twice', 12) == 'run\n(`make -s bench`),\ntwice'


def test_filled(tmp_path, monkeypatch):
    """Paragraphs are wrapped when their values are known; code, tables and headings are kept."""
    monkeypatch.setattr(markdown, 'TEXTS', tmp_path)
    (tmp_path / 'x.md').write_text('# A $a\n\n    a  b\n\n$b is\nmore\n\n$c\n\n$d\n')
    filled = markdown.fill('x', a='title', b='word ' * 30, c='', d='| a |\n| - |')
    prose = markdown.wrapped('word ' * 30 + 'is more')
    assert filled == f'# A title\n\n    a  b\n\n{prose}\n\n| a |\n| - |'


def test_filled_wrongly(tmp_path, monkeypatch):
    """A value that a template lacks, or that it does not name, is an error that says which."""
    monkeypatch.setattr(markdown, 'TEXTS', tmp_path)
    (tmp_path / 'x.md').write_text('$a $b')
    with pytest.raises(ValueError, match=re.escape('x.md are not those that it names: b, c')):
        markdown.fill('x', a=1, c=2)


def test_rounded():
    """Numbers keep five digits, wherever they are; everything else is unchanged."""
    data = {'a': [1.23456789, 2], 'b': (True, 'x', None), 'c': 123456.789}
    assert results.rounded(data) == {'a': [1.2346, 2], 'b': [True, 'x', None], 'c': 123460.0}


def test_sections():
    """Every measurement has a section, in the order in which they are taken."""
    assert tuple(page.SECTIONS) == cli.MEASURES


@pytest.mark.parametrize('name', cli.MEASURES)
def test_published(name):
    """The kept result of each measurement makes its part of the page."""
    result = results.load(name)
    assert result is not None, f'run `python -m bench {name}`'
    section = page.SECTIONS[name].make(result['data'])
    text = page.render(name, result, section)
    assert section.plots
    for file in section.plots:
        assert f'](plots/{file}.svg)' in text
    json.dumps(result)


def test_published_page_is_current(tmp_path):
    """The published page is what the kept results make; `python -m bench page` makes it."""
    (tmp_path / 'plots').mkdir()
    (tmp_path / 'plots' / 'old.svg').touch()
    written = page.write(tmp_path)
    assert written.read_text() == (results.FOLDER / 'README.md').read_text()
    published = results.FOLDER / 'plots'
    drawn = {file.name: file.read_text() for file in (tmp_path / 'plots').iterdir()}
    assert drawn == {file.name: file.read_text() for file in published.iterdir()}


def test_plots_that_are_gone(tmp_path, monkeypatch):
    """A plot that the page no longer shows is removed."""
    monkeypatch.setattr(plot, 'draw', lambda plots: dict.fromkeys(plots, '<svg/>'))
    (tmp_path / 'plots').mkdir()
    (tmp_path / 'plots' / 'old.svg').touch()
    text = page.write(tmp_path).read_text()
    links = re.findall(r'\]\(plots/(.*)\)', text)
    assert sorted(file.name for file in (tmp_path / 'plots').iterdir()) == sorted(links)
