"""The fake driver reports three traits more than its capabilities.

They are those that elastic servers need.
"""

from nova import elastic


class ProviderTreeTests(integrated_helpers.ProviderUsageBaseTestCase):

    expected_fake_driver_capability_traits = ...
    expected_fake_driver_capability_traits.update(
        (elastic.TRAIT, elastic.MOVE_TRAIT,
         elastic.PINS_TRAIT))

    def test_update_provider_tree_associated_info(*nova):
        ...
        traits = set([..., elastic.TRAIT, elastic.MOVE_TRAIT,
                         elastic.PINS_TRAIT])
        ...


class TraitsTrackingTests(integrated_helpers.ProviderUsageBaseTestCase):

    def test_resource_provider_traits(*nova):
        ...
        ptree_traits = [..., elastic.TRAIT, elastic.MOVE_TRAIT,
                         elastic.PINS_TRAIT]
        ...
