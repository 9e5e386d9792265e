"""The host CPUs that a running server gives back are powered down."""


class API(object):

    def power_down_for_instance(*nova):
        ...

    def power_down_released(self, cpus):
        """Power down the CPUs that a server owns no more."""
        self._power_down(cpus)
