"""The fake driver reports one trait more than its capabilities.

It is the one that elastic servers need.
"""

from nova import elastic


class ProviderTreeTests(integrated_helpers.ProviderUsageBaseTestCase):

    expected_fake_driver_capability_traits = ...
    expected_fake_driver_capability_traits.add(elastic.TRAIT)

    def test_update_provider_tree_associated_info(*nova):
        ...
        traits = set([..., elastic.TRAIT])
        ...


class TraitsTrackingTests(integrated_helpers.ProviderUsageBaseTestCase):

    def test_resource_provider_traits(*nova):
        ...
        ptree_traits = [..., elastic.TRAIT]
        ...
