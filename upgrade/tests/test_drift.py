"""What nova, the upgrade and the client must agree on, though none imports another.

Their sources are read, so that nothing of Nova's or the client's has to be installed.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from upgrade.openstack import sizes, traits
from upgrade.tests.released import REPOSITORY

ELASTIC = REPOSITORY / 'nova' / 'elastic'
CLIENT = REPOSITORY / 'client' / 'xloudclient'
STATES = REPOSITORY / 'nova' / 'objects' / 'fields.py'


def _constants(folder: Path, part: str) -> set[object]:
    """Return the values of all constants of a package whose names contain something."""
    values: set[object] = set()
    for path in folder.rglob('*.py'):
        for node in ast.parse(path.read_text()).body:
            names = [name.id for name in _targets(node) if isinstance(name, ast.Name)]
            if any(part in name and name.isupper() for name in names):
                literals = ast.walk(node.value) if isinstance(node, ast.Assign) else ()
                values |= {child.value for child in literals if isinstance(child, ast.Constant)}
    return values


def _targets(node: ast.stmt) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else []


def _task_states() -> Iterator[str]:
    """Yield the task states that the branch adds to Nova."""
    for node in ast.parse(STATES.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == 'InstanceTaskState':
            for member in node.body:
                if isinstance(member, ast.Assign) and isinstance(member.value, ast.Constant):
                    yield str(member.value.value)


def test_the_traits() -> None:
    """The upgrade removes those that computes report."""
    assert _constants(ELASTIC, 'TRAIT') == traits.TRAITS


def test_the_extra_specs() -> None:
    """Whatever makes a flavor elastic for Nova does so for the upgrade and for the client."""
    # One of the constants names the resources as well, which are no extra specs.
    in_nova = _constants(ELASTIC, 'MINIMUM') - {'vcpus', 'memory_mb'}
    assert {'minimum_cpu', 'minimum_memory', 'hw:cpu_min', 'hw:mem_min'} <= in_nova
    assert in_nova <= set(sizes.SPECS)
    in_client = _constants(CLIENT, 'MINIMUM')
    assert {'minimum_cpu', 'minimum_memory'} <= in_client <= set(sizes.SPECS)


def test_the_tolerance_of_memory() -> None:
    """The client takes a request for fulfilled that Nova has clamped to a bound."""
    in_nova = _constants(ELASTIC, 'TOLERANCE_MB')
    assert len(in_nova) == 1
    assert _constants(CLIENT, 'TOLERANCE_MB') == in_nova


def test_the_task_states() -> None:
    """The upgrade waits for every task of an adjustment, and knows it by its beginning."""
    states = list(_task_states())
    assert states
    assert [state for state in states if not state.startswith(sizes.TASK_PREFIX)] == []
