"""The page, from results to Markdown."""

import json

import pytest

from bench import cli
from bench.report import page, results


def test_table():
    """Numbers stand to the right, words to the left."""
    assert page.table(['what', 's'], [['a', '1.5'], ['b', '1,000']]) == (
        '| what | s |\n| --- | ---: |\n| a | 1.5 |\n| b | 1,000 |\n'
    )


def test_wrapped():
    """No line is longer than it may be, and no word is lost."""
    text = ' '.join(['word'] * 100)
    broken = page.wrapped(text, 30)
    assert max(map(len, broken.splitlines())) <= 30
    assert broken.split() == text.split()


def test_rounded():
    """Numbers keep five digits, wherever they are; all else is as it was."""
    data = {'a': [1.23456789, 2], 'b': (True, 'x', None), 'c': 123456.789}
    assert results.rounded(data) == {'a': [1.2346, 2], 'b': [True, 'x', None], 'c': 123460.0}


def test_written(tmp_path):
    """The page names its plots, and those of before are gone."""
    (tmp_path / 'plots').mkdir()
    (tmp_path / 'plots' / 'old.svg').touch()
    made = page.Page(tmp_path)
    made.plot('new', '<svg/>')
    text = made.write().read_text()
    assert '![new](plots/new.svg)' in text
    assert [file.name for file in (tmp_path / 'plots').iterdir()] == ['new.svg']


@pytest.mark.parametrize('name', cli.MEASURES)
def test_published(name, tmp_path):
    """The kept result of each measure makes its part of the page."""
    made = page.Page(tmp_path)
    result = results.kept(name)
    assert result is not None, f'run `python -m bench {name}`'
    made.section(cli.MEASURES[name].TITLE, result)
    cli.MEASURES[name].page(made, result['data'])
    assert made.plots
    json.dumps(result)


def test_published_page_is_current(tmp_path):
    """The published page is what the kept results make; `python -m bench page` makes it."""
    made = page.make(cli.MEASURES, tmp_path)
    assert made.read_text() == (results.FOLDER / 'README.md').read_text()
    for plot in (tmp_path / 'plots').iterdir():
        assert plot.read_text() == (results.FOLDER / 'plots' / plot.name).read_text()
