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

"""Metrics of the elastic servers on a host, for Prometheus.

Each compute service is one process and knows all adjustments on its host, so
no metrics of several processes have to be added up.
"""

import time

from oslo_log import log as logging
from oslo_utils import timeutils
from oslo_utils import units

import nova.conf
from nova import elastic

CONF = nova.conf.CONF

LOG = logging.getLogger(__name__)

# In seconds. A request that is accepted asks some services; one that finishes
# waits for a guest, for up to the timeouts of the configuration.
_ACCEPT_BUCKETS = (.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)
_FINISH_BUCKETS = (.1, .25, .5, 1, 2.5, 5, 10, 30, 60, 120, 300)


def create():
    """Return the metrics of this service, which serve themselves if enabled.

    A service that cannot serve its metrics works on without them.
    """
    if CONF.xloud.metrics_port is None:
        return Metrics()
    try:
        return PrometheusMetrics(
            CONF.xloud.metrics_host, CONF.xloud.metrics_port)
    except (ImportError, OSError):
        LOG.exception('There are no metrics of elastic servers.')
        return Metrics()


class Metrics(object):
    """Metrics that are not enabled."""

    def measure(self, instance, requested, requested_at=None):
        """Begin to measure an adjustment.

        :param requested: A nova.elastic.Size, with None for what is to be
            left as it is: both if the server goes back to its size
        :param requested_at: When the API was called, or None
        """
        return Measurement(self, instance, requested, requested_at)

    def count_adjustment(self, outcome, code, change):
        """Count an adjustment that was refused or has ended."""

    def observe_accepted(self, seconds):
        """Record how long it took until the capacity was claimed."""

    def observe_finished(self, seconds):
        """Record how long it took since then until it ended."""

    def count_drift_without_room(self):
        """Count a guest whose growth the host cannot account for."""

    def set_servers(self, instances):
        """Set what the elastic servers on the host have and may have."""

    def close(self):
        """Serve nothing any more."""


class PrometheusMetrics(Metrics):
    """Metrics that Prometheus scrapes."""

    def __init__(self, host, port):
        # It is needed here alone, and only by those who enable this.
        import prometheus_client as prometheus

        self._registry = prometheus.CollectorRegistry()

        def new(kind, name, text, **kwargs):
            return kind('nova_xloud_' + name, text, registry=self._registry,
                        **kwargs)

        self._adjustments = new(
            prometheus.Counter, 'adjustments',
            'Adjustments that were requested of this host.',
            labelnames=('outcome', 'code', 'change'))
        self._accepted = new(
            prometheus.Histogram, 'adjustment_accepted_seconds',
            'Time from the request of an adjustment until its capacity is '
            'claimed.', buckets=_ACCEPT_BUCKETS)
        self._finished = new(
            prometheus.Histogram, 'adjustment_finished_seconds',
            'Time from the claim of an adjustment until it succeeded or '
            'failed.', buckets=_FINISH_BUCKETS)
        self._drift = new(
            prometheus.Counter, 'drift_without_room',
            'Checks that found a guest with more than its host has the '
            'capacity for.')
        self._servers, self._excess, *self._sizes = (
            new(prometheus.Gauge, name, text) for name, text in (
                ('servers', 'Elastic servers.'),
                ('excess_servers',
                 'Elastic servers whose guests have more than their host has '
                 'the capacity for.'),
                ('promised_vcpus', 'Maximum vCPUs of the elastic servers.'),
                ('promised_memory_bytes',
                 'Maximum memory of the elastic servers.'),
                ('accounted_vcpus',
                 'vCPUs that the elastic servers are accounted for.'),
                ('accounted_memory_bytes',
                 'Memory that the elastic servers are accounted for.')))
        self._server, _thread = prometheus.start_http_server(
            port, addr=str(host), registry=self._registry)

    def count_adjustment(self, outcome, code, change):
        self._adjustments.labels(outcome, code, change).inc()

    def observe_accepted(self, seconds):
        self._accepted.observe(seconds)

    def observe_finished(self, seconds):
        self._finished.observe(seconds)

    def count_drift_without_room(self):
        self._drift.inc()

    def set_servers(self, instances):
        self._servers.set(len(instances))
        self._excess.set(sum(
            elastic.excess(instance) is not None for instance in instances))
        values = []
        for sizes in (
                [elastic.maximum(instance.flavor) for instance in instances],
                [elastic.size(instance) for instance in instances]):
            values += [sum(size.vcpus for size in sizes),
                       sum(size.memory_mb for size in sizes) * units.Mi]
        for gauge, value in zip(self._sizes, values):
            gauge.set(value)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class Measurement(object):
    """How long one adjustment takes, and how it ends."""

    def __init__(self, metrics, instance, requested, requested_at):
        self._metrics = metrics
        self._requested_at = requested_at
        self._accepted_at = None
        if requested == elastic.Size(None, None):
            self._change = 'return'
        elif any(amount is not None and amount < before for amount, before in
                 zip(requested, elastic.size(instance))):
            self._change = 'shrink'
        else:
            self._change = 'grow'

    def wait(self):
        self._metrics.count_adjustment('waiting', '', self._change)

    def move(self):
        self._metrics.count_adjustment('moving', '', self._change)

    def accept(self):
        self._accepted_at = time.monotonic()
        if self._requested_at:
            # The clock of the API may be ahead of that of this host.
            self._metrics.observe_accepted(max(timeutils.delta_seconds(
                self._requested_at, timeutils.utcnow()), 0))

    def finish(self, error=None):
        if self._accepted_at is None:
            outcome = 'refused'
        else:
            outcome = 'failed' if error else 'succeeded'
            self._metrics.observe_finished(
                time.monotonic() - self._accepted_at)
        self._metrics.count_adjustment(
            outcome, getattr(error, 'error_code', 'internal') if error else '',
            self._change)
