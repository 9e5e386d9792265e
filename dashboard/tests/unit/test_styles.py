"""What the style sheet takes for granted."""

from __future__ import annotations

import re
from pathlib import Path

import xloud_dashboard


def test_stands_alone() -> None:
    """From 2026.1 on Horizon compiles it without its own variables and mixins."""
    folder = Path(xloud_dashboard.__file__).parent / 'static' / 'xloud_dashboard'
    text = re.sub(r'//.*', '', (folder / 'elastic.scss').read_text())
    assert re.findall(r'\$[\w-]+|@(?:include|extend|import)\b', text) == []
