# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""The elastic servers on a host, for its compute manager."""

from nova.compute.elastic import accounting
from nova.compute.elastic import adjust
from nova.compute.elastic import arrivals
from nova.compute.elastic import background
from nova.compute.elastic import departures
from nova.compute.elastic import excess
from nova.compute.elastic import metrics
from nova.compute.elastic import move_records
from nova.compute.elastic import moves
from nova.compute.elastic import reconcile
from nova.compute.elastic import reports
from nova.compute.elastic import returns
from nova.compute.elastic import settings
from nova.compute.elastic import status
from nova.compute.elastic import waiting
from nova import elastic
from nova import exception

# How many questions about guests may be open at the same time. Under eventlet
# each of them can occupy one of the 20 threads that all libvirt calls share.
_MAX_QUESTIONS = 8


class ElasticServers(object):

    def __init__(self, host, driver, tracker, reportclient, notify_usage,
                 compute_api):
        """Connect the parts that work on the servers of one host.

        :param host: The name of the host
        :param driver: The ComputeDriver
        :param tracker: The ResourceTracker
        :param reportclient: The SchedulerReportClient
        :param notify_usage: A function that sends a legacy notification
        :param compute_api: The nova.compute.api.API
        """
        self.accounting = accounting.Accounting(
            host, driver, tracker, reportclient)
        questions = background.Questions(_MAX_QUESTIONS)
        reporter = reports.Reporter(host, notify_usage)
        self.metrics = metrics.create()
        self.status = status.LiveStatus(
            driver, self.accounting, questions)
        waiting_list = waiting.WaitingList()
        self.adjustments = adjust.Adjustments(
            driver, self.accounting, questions, self.status, reporter,
            waiting_list, self.metrics)
        self.settings = settings.GuestSettings(
            host, self.accounting, self.adjustments, questions)
        self.reconciler = reconcile.Reconciler(
            host, driver, tracker, self.accounting, self.adjustments,
            questions, reporter,
            excess.Excess(reporter, compute_api, self.metrics),
            self.settings, self.metrics)
        self.returns = returns.Returns(host, self.adjustments)
        self.grants = waiting.Grants(
            host, waiting_list, self.adjustments, reporter)
        self.departures = departures.Departures(
            host, self.accounting, self.adjustments, reporter,
            compute_api.compute_rpcapi)
        self.moves = moves.Moves(
            host, self.departures, arrivals.Arrivals(
                host, self.accounting, self.adjustments, reporter))
        self.accounting.on_change = self.grants.wake
        self.adjustments.on_end = lambda instance: self.note([instance])
        self.reconciler.on_check = self.note

    def start(self, context):
        """Read what is to be done to the servers of this host later."""
        background.start(context, self.reconciler.check_all, context)

    def stop(self):
        self.returns.stop()
        self.grants.stop()
        self.moves.stop()

    def note(self, servers):
        """Note what is to be done to servers later."""
        for instance in servers:
            self.returns.note(instance)
            self.moves.note(instance)
        self.grants.note(servers)

    def forget(self, context, instance):
        """Forget a server that was deleted."""
        move_records.forget(context, instance)
        self.grants.wake()

    def cancel(self, context, instance):
        """Let the adjustments of a server that have not begun end.

        :raises: ServerAdjustNotWaiting if there are none;
            ServerAdjustInProgress if one has begun
        """
        instance.refresh()
        pending = elastic.get_pending(instance)
        if not (pending.moving or pending.waiting):
            raise exception.ServerAdjustNotWaiting()
        if pending.moving:
            self.moves.cancel(context.elevated(), instance, pending.moving)
        if pending.waiting:
            self.grants.cancel(instance, pending.waiting)

    def describe(self, context, instance):
        """Return what a server has and is requested to have now."""
        return self.status.describe(
            context, instance, self.adjustments.get(instance))
