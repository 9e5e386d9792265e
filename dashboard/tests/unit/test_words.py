"""What people read, and what is known elsewhere in the project."""

from __future__ import annotations

import re

import yaml
from conftest import REPOSITORY

from xloud_dashboard import words

ERRORS = REPOSITORY / 'doc' / 'source' / 'common' / 'elastic-server-errors.txt'
POLICIES = REPOSITORY / 'nova' / 'policies' / 'xloud_adjust.py'
OWN = REPOSITORY / 'dashboard' / 'xloud_dashboard' / 'conf' / 'xloud_policy.d' / 'elastic.yaml'


def test_every_error_has_a_remedy() -> None:
    """The codes are those of Nova: a new one needs a sentence in ``words.ADVICE``."""
    codes = set(re.findall(r'^   \* - ``(xloud\.\w+)``', ERRORS.read_text(), re.MULTILINE))
    assert len(codes) > 40
    assert set(words.ADVICE) == codes
    assert all(str(text).endswith('.') for text in words.ADVICE.values())


def test_an_error_of_a_later_nova() -> None:
    """It has no remedy, and its reason is still shown."""
    assert words.advice('xloud.new') == words.advice(None) == ''


def test_numbers_agree_with_their_nouns() -> None:
    """One is a vCPU, and others are vCPUs."""
    assert words.size(1, 256) == '1 vCPU, 256 MiB'
    assert words.size(2, 512) == '2 vCPUs, 512 MiB'


def test_policies() -> None:
    """What Horizon offers is decided by a rule for each policy of Nova's."""
    names = re.findall(r"POLICY_ROOT % '([a-z:]+)'", POLICIES.read_text())
    assert {f'os_compute_api:xloud:{name}' for name in names} == set(
        yaml.safe_load(OWN.read_text())
    )
