"""The fake driver says that elastic servers can be on it.

Functional tests of the control plane run on it.
"""

from nova import elastic


class FakeDriver(driver.ComputeDriver):

    def update_provider_tree(*nova):
        ...
        provider_tree.update_inventory(...)  # nova
        provider_tree.add_traits(nodename, elastic.TRAIT)
