"""The extra specs about elastic servers, as programs read and change them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import SPECS, Nova, recorded
from openstack import exceptions

from xloudclient import Elastic, flavors

CHECKS = Path(__file__).parents[3] / 'nova/api/validation/extra_specs/minimum.py'


@pytest.fixture(autouse=True)
def flavor(nova: Nova) -> None:
    """A flavor that has other extra specs, too."""
    answer = recorded('flavor-elastic')
    answer['flavor']['extra_specs'].update({'hw:cpu_policy': 'shared', 'xloud:when_full': 'wait'})
    nova.answer(('GET', '/flavors/elastic'), answer)
    nova.answer(SPECS, {'extra_specs': {}})


def test_specs(elastic: Elastic) -> None:
    """Those that are not about elastic servers are left out."""
    assert elastic.flavor_specs('elastic') == {
        'minimum_cpu': '1',
        'minimum_memory': '256',
        'xloud:when_full': 'wait',
    }
    assert elastic.flavor_specs('small') == {}


def test_changed_specs(nova: Nova, elastic: Elastic) -> None:
    """What is set is one request, what is None is removed if it is there, and the rest stays."""
    path = '/flavors/elastic/os-extra_specs/xloud:when_full'
    nova.answer(('DELETE', path), {})
    elastic.change_flavor_specs(
        'elastic',
        {'minimum_cpu': '2', 'xloud:priority': '3', 'xloud:when_full': None, 'hw:cpu_min': None},
    )
    changes = [call for call in nova.calls if call[0] != 'GET']
    assert changes == [
        ('POST', SPECS[1], {'extra_specs': {'minimum_cpu': '2', 'xloud:priority': '3'}}),
        ('DELETE', path, None),
    ]


def test_refused_specs(nova: Nova, elastic: Elastic) -> None:
    """A refusal comes before anything is removed."""
    nova.answer(SPECS, recorded('refused-flavor'), status=400)
    with pytest.raises(exceptions.BadRequestException) as caught:
        elastic.change_flavor_specs('elastic', {'minimum_cpu': '9', 'minimum_memory': None})
    assert caught.value.details == 'minimum_cpu is 9, but the flavor has only 4 vCPUs.'
    assert [method for method, _, _ in nova.calls if method != 'GET'] == ['POST']


def test_all_specs_are_known() -> None:
    """Each extra spec about elastic servers that Nova checks can be read and changed."""
    source = CHECKS.read_text()
    checked = re.findall(r"name='([^']+)'|^        \('([^']+)', '[^']+', _", source, re.MULTILINE)
    assert {one or other for one, other in checked} == set(flavors.SPECS)
