"""What holds for every module and every sketch, tried on small generated ones."""

import ast
import textwrap

import libcst as cst
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graft.python import weave

SOME = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)

NAMES = st.sampled_from(['corn', 'stone', 'wheel', 'gate'])
SIMPLE = st.one_of(
    st.builds('{} = {}'.format, NAMES, NAMES),
    st.builds('{}.{}({}, times=[1, 2])'.format, NAMES, NAMES, NAMES),
    st.builds('{} = [{},\n        "a  b" , ]  # {}'.format, NAMES, NAMES, NAMES),
    st.builds('{}; {} = 1 ;'.format, NAMES, NAMES),
    st.builds("{} = '''{}\n  x\n'''".format, NAMES, NAMES),
    st.builds('# {}\n{}( )'.format, NAMES, NAMES),
    st.builds('\n{}  +=  f"{{{}!r:>4}}"'.format, NAMES, NAMES),
    st.just('pass'),
    st.just('...'),
)


def indented(statements: list[str]) -> str:
    return textwrap.indent('\n'.join(statements), '    ')


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, min_size=1, max_size=3).map(indented)
    return st.one_of(
        st.builds('if {}:\n{}'.format, NAMES, body),
        st.builds('if {} :  # {}\n{}\nelif {}:\n{}'.format, NAMES, NAMES, body, NAMES, body),
        st.builds('if {}:\n{}\nelse:\n{}'.format, NAMES, body, body),
        st.builds('for {} in {}:\n{}\nelse:\n{}'.format, NAMES, NAMES, body, body),
        st.builds('while  {}:\n{}'.format, NAMES, body),
        st.builds('with {} as {}:\n{}'.format, NAMES, NAMES, body),
        st.builds('try:\n{}\nexcept {}:\n{}\nfinally:\n{}'.format, body, NAMES, body, body),
        st.builds('def inner({}, *args):\n{}'.format, NAMES, body),
    )


STATEMENTS = st.lists(
    st.recursive(SIMPLE, compound, max_leaves=6).filter(lambda text: '\n...' not in f'\n{text}'),
    min_size=1,
    max_size=5,
)


def function(name: str, statements: list[str]) -> str:
    doc = '    """What it does."""\n' if len(statements) % 2 else ''
    return f'@wraps( 1 )\ndef {name}(self, corn = 1,\n        *more):  # here\n{doc}' + indented(
        statements
    )


def module(open_: list[str], shut: list[str], grind: list[str]) -> str:
    methods = textwrap.indent(f'{function("open", open_)}\n\n{function("shut", shut)}', '    ')
    return (
        f'# A licence.\n\n"""Mill."""\n\nimport  os\n\nSTONES=[ 1 ]\n\n\n'
        f'class Gate( object ):\n    width = 1\n\n{methods}\n\n\n'
        f'{function("grind", grind)}\n# End.\n'
    )


MODULES = st.builds(module, STATEMENTS, STATEMENTS, STATEMENTS)

NOTHING = [
    '',
    '...\n',
    'import os\n...\n',
    'class Gate:\n    ...\n',
    'class Gate(...):\n    width = ...\n\n    def shut(*nova):\n        ...\n\n    ...\n',
    'STONES = [...]\n\n\n@...\ndef grind(*nova):\n    ...\n',
    'STONES = ...\n\n\ndef grind(self, corn=1, *more): ...\n',
]
OURS = st.sampled_from(
    ['ours()', 'ours = [\n    1,\n]', 'if ours:\n    ours()', '# Ours.\nours(1)']
)


def woven(original: str, sketch: str) -> str:
    return weave('nova/mill.py', original, sketch, '2024.1')[0]


@SOME
@given(MODULES, st.sampled_from(NOTHING))
@example('', '...\n')
@example('\n\n', '...\n')
@example('x = 1', 'x = ...\n')
@example('x = 1\r\n', '...\n')
def test_rests_alone_change_nothing(original: str, sketch: str) -> None:
    """A sketch that is only `...` gives the release's own bytes."""
    assert woven(original, sketch) == original


@SOME
@given(
    MODULES,
    OURS,
    st.sampled_from(['{0}\n...', '...\n{0}', 'if ours:\n    ...', 'try:\n    ...\nfinally:\n{1}']),
)
def test_edited_function(original: str, ours: str, shape: str) -> None:
    """What is woven is Python; twice is as once; the rest of the module keeps its bytes."""
    body = shape.format(ours, textwrap.indent(ours, '    '))
    sketch = 'class Gate:\n    def shut(*nova):\n' + textwrap.indent(body, ' ' * 8) + '\n'
    text = woven(original, sketch)
    ast.parse(text)
    assert woven(text, sketch) == text
    start, end = original.index('def shut'), original.index('\n\n\n@wraps')
    assert text.startswith(original[:start])
    assert text.endswith(original[end:])


@SOME
@given(MODULES, OURS)
def test_untouched_statements_of_an_edited_function(original: str, ours: str) -> None:
    """Of an edited function every line of Nova's stands where it stood, with its bytes."""
    sketch = 'def grind(*nova):\n' + indented([ours, '...', 'last()']) + '\n'
    lines = iter(woven(original, sketch).splitlines())
    assert all(line in lines for line in original.splitlines())


@SOME
@given(MODULES, OURS)
def test_new_members(original: str, ours: str) -> None:
    """New members leave all that Nova has as it was, and are not added twice."""
    sketch = (
        'import abc\n\nfrom nova import wheels\n\nFALL = 2\n\n\n'
        'class Gate:\n    def shut(*nova):\n        ...\n\n'
        f'    def lift(self):\n{textwrap.indent(ours, "        ")}\n\n\ndef sift():\n    return 1\n'
    )
    text = woven(original, sketch)
    ast.parse(text)
    assert woven(text, sketch) == text
    lines = iter(text.splitlines())
    assert all(line in lines for line in original.splitlines())


@SOME
@given(STATEMENTS, STATEMENTS, OURS)
def test_anchor(above: list[str], below: list[str], ours: str) -> None:
    """Ours stands right below its anchor, and nothing else changes."""
    original = function('grind', [*above, 'anchor(corn, 1)  # here', *below, 'last()'])
    sketch = 'def grind(*nova):\n' + indented(['...', 'anchor(...)  # nova', ours, '...']) + '\n'
    anchor = '    anchor(corn, 1)  # here\n'
    text = woven(original, sketch)
    assert text == original.replace(anchor, anchor + indented([ours]) + '\n')
    assert woven(text, sketch) == text


@SOME
@given(STATEMENTS, STATEMENTS, STATEMENTS)
def test_dropped_between_anchors(above: list[str], between: list[str], below: list[str]) -> None:
    """Between two anchors go as many statements as marks say, and nothing else changes."""
    first, second = 'first(corn)  # 1', 'second( corn )  # 2'
    original = function('grind', [*above, first, *between, second, *below])
    # Statements on one line go together.
    gone = ['ours()'] * len(cst.parse_module('\n'.join(between)).body)
    marked = [f'{statement}  # drops nova' for statement in gone]
    sketch = ['...', 'first(...)  # nova', *marked, 'second(...)  # nova', '...']
    text = woven(original, 'def grind(*nova):\n' + indented(sketch) + '\n')
    start = original.index(first) + len(first)
    end = original[original.index(second) :]
    assert text == f'{original[:start]}\n{indented(gone)}\n    {end}'


ELEMENTS = st.lists(st.sampled_from(['1', "'a'", 'b', '(c, d)', 'e()']), max_size=4, unique=True)
LAYOUTS = st.sampled_from(['[{}]', '[\n    {},\n]', '[{}]  # all', '[\n    {}  # last\n]'])


@SOME
@given(ELEMENTS, ELEMENTS, ELEMENTS, LAYOUTS, st.sampled_from([', ', ',\n    ', ' ,']))
def test_elements(
    before: list[str], theirs: list[str], after: list[str], layout: str, comma: str
) -> None:
    """A list has what Nova had, in its order, and ours; twice is as once."""
    original = f'x = {layout.format(comma.join(theirs or ["z"]))}\n'
    sketch = f'x = [{", ".join([*before, "...", *after])}]\n'
    text = woven(original, sketch)
    assert woven(text, sketch) == text
    values = [ast.unparse(e) for e in ast.parse(text).body[0].value.elts]
    assert set(values) == {*before, *(theirs or ['z']), *after}
    ours = {*before, *after}
    assert [v for v in values if v not in ours] == [v for v in theirs or ['z'] if v not in ours]
    assert text.count('#') == original.count('#')
