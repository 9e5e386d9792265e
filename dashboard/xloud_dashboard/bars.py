"""What a host has promised, accounts for and has in all, as a bar that the page contains."""

from __future__ import annotations

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from xloud_dashboard.capacity import Amounts

_WIDTH, _HEIGHT = 300, 16


def svg(amounts: Amounts) -> SafeString:
    """Return a bar as long as the total, or as what is promised if that is more.

    It has no description: the numbers stand beside it.
    """
    full = max(amounts.total, amounts.promised, amounts.accounted, 1)

    def x(value: int) -> float:
        return round(_WIDTH * value / full, 1)

    parts = [
        ('promised', 0, min(amounts.promised, amounts.total)),
        ('beyond', amounts.total, amounts.promised),
        ('accounted', 0, amounts.accounted),
    ]
    rectangles = format_html_join(
        '',
        '<rect class="xloud-bar-{}" x="{}" y="3" width="{}" height="{}"/>',
        (
            (name, x(start), round(x(end) - x(start), 1), _HEIGHT - 6)
            for name, start, end in parts
            if end > start
        ),
    )
    return format_html(
        '<svg class="xloud-bar" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="xloud-bar-total" x="0" y="3" width="{}" height="{}"/>{}'
        '<line class="xloud-bar-end" x1="{}" x2="{}" y1="0" y2="{}"/></svg>',
        _WIDTH,
        _HEIGHT,
        x(amounts.total),
        _HEIGHT - 6,
        rectangles,
        # The whole line is inside.
        min(x(amounts.total), _WIDTH - 1),
        min(x(amounts.total), _WIDTH - 1),
        _HEIGHT,
    )
