"""Adjustments stand in the action log of a server."""

...

XLOUD_ADJUST = 'xloud_adjust'
HOTPLUG_VCPUS = 'hotplug_vcpus'
