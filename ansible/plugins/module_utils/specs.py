"""What has to change of the extra specs of a flavor, without a cloud."""

from __future__ import annotations

from typing import Any

try:
    from xloudclient.flavors import OTHER_NAMES
except ImportError:
    # `connected` ends the module with what is missing.
    OTHER_NAMES = {}

#: The extra specs, by the options of the module.
NAMES = {
    'minimum_cpu': 'minimum_cpu',
    'minimum_memory': 'minimum_memory',
    'virtio_mem': 'hw:mem_hotplug_virtio',
    'when_full': 'xloud:when_full',
    'priority': 'xloud:priority',
    'movable': 'xloud:movable',
}

_TRUE = ('1', 't', 'true', 'on', 'y', 'yes')


def changes(specs: dict[str, str], options: dict[str, Any]) -> dict[str, str]:
    """Return the extra specs to set, so that a flavor is what the options say."""
    result = {}
    for option, name in NAMES.items():
        value = options[option]
        if value is None:
            continue
        other = OTHER_NAMES.get(option)
        names = [one for one in (name, other) if one in specs] or [name]
        if not all(_same(specs.get(one), value) for one in names):
            result.update({one: _text(value) for one in names})
    return result


def changed(specs: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    """Return what extra specs are after changes; None removes one."""
    after = {**specs, **changes}
    return {name: value for name, value in sorted(after.items()) if value is not None}


def fault(options: dict[str, Any], vcpus: int, memory_mb: int) -> str | None:
    """Return why Nova is going to refuse a minimum for a flavor of that size, if it is."""
    minimum_cpu, minimum_memory = options['minimum_cpu'], options['minimum_memory']
    if minimum_cpu is not None and minimum_cpu > vcpus:
        return f'minimum_cpu is {minimum_cpu}, and the flavor has {vcpus} vCPUs.'
    if minimum_memory is not None and minimum_memory > memory_mb:
        return f'minimum_memory is {minimum_memory} MiB, and the flavor has {memory_mb} MiB.'
    return None


def _same(spec: str | None, value: Any) -> bool:
    if spec is None:
        return False
    if isinstance(value, bool):
        return (spec.strip().lower() in _TRUE) == value
    if isinstance(value, int):
        return spec.strip().lstrip('0') == str(value).lstrip('0')
    return spec == value


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
