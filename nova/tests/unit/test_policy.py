"""The rules of the elastic servers API stand in the list of all rules."""


class RealRolePolicyTestCase(test.NoDBTestCase):

    def setUp(*nova):
        ...
        self.admin_only_rules = (
            ...,
            "os_compute_api:xloud:adjust:force",
            "os_compute_api:xloud:adjust:move",
        )
        ...
        self.admin_or_owner_rules = (
            ...,
            "os_compute_api:xloud:adjust",
            "os_compute_api:xloud:adjust:wait",
            "os_compute_api:xloud:history",
            "os_compute_api:xloud:status",
        )
        ...
