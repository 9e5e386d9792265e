"""A server that cannot grow on its host is moved to another one.

The conductor asks the scheduler for hosts, and knows how to live migrate.
"""

from nova.conductor.tasks import elastic_move
from nova.conductor.tasks import elastic_room


class ComputeTaskManager:

    ...

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable)
    @targets_cell
    def xloud_adjust_move(self, context, instance):
        """Move a server to a host on which it is adjusted then.

        This returns once its new size is claimed there.

        :returns: An empty list; if the server has not been moved, the
            neighbours that can leave its host for it, as
            nova.conductor.tasks.elastic_room.find returns them
        """
        return elastic_move.move(
            context, instance, self._build_live_migrate_task,
            lambda: elastic_room.find(
                context, instance, self._build_host_search))

    @messaging.expected_exceptions(
        exception.ServerAdjustConflict, exception.ServerAdjustUnavailable)
    @targets_cell
    def xloud_adjust_check_move(self, context, instance):
        """Check whether a server could be moved so now.

        :returns: As xloud_adjust_move
        """
        return elastic_move.check(
            context, instance, self._build_host_search,
            lambda: elastic_room.find(
                context, instance, self._build_host_search))

    def _build_host_search(self, *args, **kwargs):
        return elastic_move.HostSearch(
            *args, compute_rpcapi=self.compute_rpcapi,
            servicegroup_api=self.servicegroup_api,
            query_client=self.query_client, report_client=self.report_client,
            **kwargs)
