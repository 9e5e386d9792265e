"""A server that cannot grow on its host is moved to another one.

The conductor asks the scheduler for hosts, and knows how to live migrate.
"""

from nova.conductor.tasks import elastic_move


class ComputeTaskManager:

    ...

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable)
    @targets_cell
    def xloud_adjust_move(self, context, instance):
        """Move a server to a host on which it is adjusted then.

        This returns once its new size is claimed there.
        """
        elastic_move.move(context, instance, self._build_live_migrate_task)

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable)
    @targets_cell
    def xloud_adjust_check_move(self, context, instance):
        """Check whether a server could be moved so now."""
        elastic_move.check(context, instance, functools.partial(
            elastic_move.HostSearch, compute_rpcapi=self.compute_rpcapi,
            servicegroup_api=self.servicegroup_api,
            query_client=self.query_client, report_client=self.report_client))
