"""The fake driver has elastic servers, whose guests comply at once.

Functional tests of the control plane run on it.
"""

from nova import elastic


class FakeDriver(driver.ComputeDriver):

    def __init__(*nova):
        ...
        self.instances = ...  # nova
        # What guests have, since their start or since it was adjusted.
        self.live_sizes = {}
        ...

    def power_on(*nova):
        self.live_sizes.pop(instance.uuid, None)
        ...

    def destroy(*nova):
        self.live_sizes.pop(instance.uuid, None)
        ...

    def update_provider_tree(*nova):
        ...
        provider_tree.update_inventory(...)  # nova
        provider_tree.add_traits(
            nodename, elastic.TRAIT, elastic.MOVE_TRAIT, elastic.PINS_TRAIT)

    def get_live_size(self, instance):
        if self.get_info(instance).state != power_state.RUNNING:
            return None
        return self.live_sizes.setdefault(
            instance.uuid, elastic.start_size(instance))

    def get_memory_usage(self, instance):
        size = self.get_live_size(instance)
        return driver.MemoryUsage(
            actual_mb=size and size.memory_mb, usable_mb=None, host_mb=None)

    def get_live_details(self, instance):
        return {'guest_vcpus': self.get_live_size(instance).vcpus,
                'balloon_driver_active': True,
                'attached_dimms_mb': 0, 'has_virtiomem': False}

    def set_start_size(self, instance):
        pass

    def set_current_vcpus(self, instance, count):
        self.live_sizes[instance.uuid] = self.get_live_size(
            instance)._replace(vcpus=count)

    def set_current_memory_mb(self, instance, memory_mb, force=False):
        self.live_sizes[instance.uuid] = self.get_live_size(
            instance)._replace(memory_mb=memory_mb)
        return memory_mb

    def set_memory_limit(self, instance, memory_mb):
        pass

    def set_pins(self, instance, topology):
        pass
