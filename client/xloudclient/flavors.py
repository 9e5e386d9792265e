"""The flavors of a cloud, and what makes them elastic, through Nova's API."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from openstack.compute.v2._proxy import Proxy
from openstack.compute.v2.flavor import Flavor

from xloudclient.errors import with_code
from xloudclient.sizes import FlavorSize

#: The extra specs that make a flavor elastic.
MINIMUM_CPU = 'minimum_cpu'
MINIMUM_MEMORY = 'minimum_memory'

#: Their other names. A flavor with both names of one must have the same value for them.
OTHER_NAMES = {MINIMUM_CPU: 'hw:cpu_min', MINIMUM_MEMORY: 'hw:mem_min'}

#: The extra specs about servers of elastic flavors.
SPECS = (
    MINIMUM_CPU,
    MINIMUM_MEMORY,
    *OTHER_NAMES.values(),
    'hw:mem_hotplug_virtio',
    'xloud:when_full',
    'xloud:priority',
    'xloud:movable',
)


class ElasticFlavors:
    """The flavors of a cloud, by name or ID, or as openstacksdk's objects."""

    def __init__(self, compute: Proxy) -> None:
        self._compute = compute

    @with_code()
    def flavor(self, flavor: str | Flavor) -> FlavorSize:
        """Return the minimum and the maximum of a flavor."""
        flavor = self._find_flavor(flavor)
        vcpus = _minimum(flavor, MINIMUM_CPU, flavor.vcpus)
        memory_mb = _minimum(flavor, MINIMUM_MEMORY, flavor.ram)
        return FlavorSize(
            id=flavor.id,
            name=flavor.name,
            elastic=(vcpus, memory_mb) != (None, None),
            min_vcpus=vcpus or flavor.vcpus,
            min_memory_mb=memory_mb or flavor.ram,
            max_vcpus=flavor.vcpus,
            max_memory_mb=flavor.ram,
        )

    @with_code()
    def set_flavor(
        self,
        flavor: str | Flavor,
        min_vcpus: int | None = None,
        min_memory_mb: int | None = None,
    ) -> None:
        """Make a flavor elastic: servers created from now on boot at its minimum and can grow."""
        flavor = self._find_flavor(flavor)
        specs = {
            name: str(value)
            for minimum, value in ((MINIMUM_CPU, min_vcpus), (MINIMUM_MEMORY, min_memory_mb))
            if value is not None
            for name in _names(flavor, minimum) or [minimum]
        }
        self._compute.create_flavor_extra_specs(flavor, specs)

    @with_code()
    def unset_flavor(
        self, flavor: str | Flavor, *, vcpus: bool = True, memory: bool = True
    ) -> None:
        """Remove minimums of a flavor: servers created from now on have its vCPUs or memory."""
        flavor = self._find_flavor(flavor)
        for minimum, remove in ((MINIMUM_CPU, vcpus), (MINIMUM_MEMORY, memory)):
            for name in _names(flavor, minimum) if remove else ():
                self._compute.delete_flavor_extra_specs_property(flavor, name)

    @with_code()
    def flavor_specs(self, flavor: str | Flavor) -> dict[str, str]:
        """Return those extra specs of a flavor that are about elastic servers."""
        specs = self._find_flavor(flavor).extra_specs
        return {name: specs[name] for name in SPECS if name in specs}

    @with_code()
    def change_flavor_specs(self, flavor: str | Flavor, specs: Mapping[str, str | None]) -> None:
        """Set extra specs of a flavor, and remove those that are None; others stay.

        What is set is one request, which Nova accepts or refuses as a whole.
        """
        flavor = self._find_flavor(flavor)
        values = {name: value for name, value in specs.items() if value is not None}
        # First: to set some leaves only those in the object.
        removed = [name for name in specs if name not in values and name in flavor.extra_specs]
        if values:
            self._compute.create_flavor_extra_specs(flavor, values)
        for name in removed:
            self._compute.delete_flavor_extra_specs_property(flavor, name)

    def _find_flavor(self, flavor: str | Flavor) -> Flavor:
        name_or_id = flavor.id if isinstance(flavor, Flavor) else flavor
        return self._compute.find_flavor(name_or_id, ignore_missing=False, get_extra_specs=True)


def _names(flavor: Flavor, minimum: str) -> list[str]:
    """Return the names by which a flavor sets a minimum."""
    return [name for name in (minimum, OTHER_NAMES[minimum]) if name in flavor.extra_specs]


def _minimum(flavor: Flavor, minimum: str, maximum: int) -> int | None:
    """Read a minimum as Nova does, which ignores an invalid one, and two that differ."""
    with contextlib.suppress(ValueError):
        (value,) = {int(flavor.extra_specs[name]) for name in _names(flavor, minimum)}
        return value if 1 <= value <= maximum else None
    return None
