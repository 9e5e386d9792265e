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

"""The elastic servers API: what a server has, and how to adjust it."""

import contextlib

from oslo_utils import timeutils
from webob import exc

from nova.api.openstack import common
from nova.api.openstack.compute.schemas import xloud_adjust as schema
from nova.api.openstack.compute.views import elastic as view
from nova.api.openstack import wsgi
from nova.api import validation
from nova.compute import api as compute
from nova import elastic
from nova import exception
from nova.i18n import _
from nova.objects import size_history
from nova.policies import xloud_adjust as policies
from nova import utils

# The codes of errors that Nova raises before an adjustment begins.
ERROR_CODES = {
    exception.InstanceNotFound: 'xloud.not_found',
    exception.InstanceIsLocked: 'xloud.locked',
    exception.InstanceNotReady: 'xloud.not_ready',
    exception.InstanceInvalidState: 'xloud.invalid_state',
}


@contextlib.contextmanager
def _refusals(server_id):
    """Turn what refuses an adjustment into an answer with its code."""
    try:
        yield
    except exception.ServerAdjustInvalid as error:
        refusal, cause = exc.HTTPBadRequest, error
    except exception.ServerAdjustOverQuota as error:
        refusal, cause = exc.HTTPForbidden, error
    except exception.InstanceNotFound as error:
        refusal, cause = exc.HTTPNotFound, error
    except (exception.InstanceIsLocked, exception.InstanceNotReady,
            exception.ServerAdjustConflict) as error:
        refusal, cause = exc.HTTPConflict, error
    except exception.InstanceInvalidState as error:
        try:
            common.raise_http_conflict_for_instance_invalid_state(
                error, 'xloud_adjust', server_id)
        except exc.HTTPConflict as conflict:
            conflict.error_code = _get_error_code(error)
            raise
    except exception.ServerAdjustUnavailable as error:
        refusal, cause = exc.HTTPServiceUnavailable, error
    else:
        return
    answer = refusal(explanation=cause.format_message())
    answer.error_code = _get_error_code(cause)
    raise answer


def _get_error_code(error):
    for kind, code in ERROR_CODES.items():
        if isinstance(error, kind):
            return code
    return error.error_code


@validation.validated
class XloudAdjustController(wsgi.Controller):

    _view_builder_class = view.HistoryViewBuilder

    def __init__(self):
        super().__init__()
        self.compute_api = compute.API()

    def _get_instance(self, req, server_id, action):
        context = req.environ['nova.context']
        instance = common.get_instance(
            self.compute_api, context, server_id,
            expected_attrs=['flavor', 'numa_topology', 'system_metadata'],
            cell_down_support=True)
        self._check_policy(context, instance, action)
        if 'vm_state' not in instance:
            # All that is known is what the API database has.
            raise exception.ServerAdjustCellDown()
        return context, instance

    @staticmethod
    def _check_policy(context, instance, action):
        context.can(policies.POLICY_ROOT % action,
                    target={'user_id': instance.user_id,
                            'project_id': instance.project_id})

    @wsgi.response(202)
    @wsgi.expected_errors((400, 403, 404, 409, 503))
    @validation.schema(schema.update)
    @validation.response_body_schema(schema.update_response)
    def update(self, req, server_id, body):
        """Adjust how many vCPUs and how much memory a server has."""
        adjustment = {name: int(body[key]) if key in body else None
                      for name, key in (('vcpus', 'current_vcpus'),
                                        ('memory_mb', 'current_memory_mb'))}
        adjustment.update(persist=body.get('persist', True),
                          force=body.get('force', False),
                          for_seconds=body.get('for_seconds'),
                          when_full=body.get('when_full'))
        with _refusals(server_id):
            context, instance = self._get_instance(req, server_id, 'adjust')
            if 'cancel' in body:
                self.compute_api.xloud_adjust_withdraw(context, instance)
                return {}
            if adjustment['force']:
                self._check_policy(context, instance, 'adjust:force')
            # What its flavor or the configuration says is allowed.
            if adjustment['when_full'] in (elastic.WAIT, elastic.MOVE):
                self._check_policy(
                    context, instance, 'adjust:' + adjustment['when_full'])
            if not body.get('dry_run', False):
                state = self.compute_api.xloud_adjust(
                    context, instance, **adjustment)
                return {'adjust': {'state': state}} if state else {}
        return self._dry_run(context, instance, adjustment)

    def _dry_run(self, context, instance, adjustment):
        """Return what would become of an adjustment."""
        outcome, code, reason = 'in_place', None, None
        try:
            with _refusals(instance.uuid):
                alternative = self.compute_api.xloud_adjust_check(
                    context, instance, **adjustment)
            if alternative:
                outcome, shortage = alternative
                code, reason = shortage.error_code, shortage.format_message()
        except exc.HTTPException as refusal:
            outcome = 'refused'
            code, reason = refusal.error_code, refusal.explanation
        return wsgi.ResponseObject(
            {'dry_run': {'outcome': outcome, 'code': code, 'reason': reason}},
            code=200)

    @wsgi.expected_errors((400, 403, 404, 503))
    @validation.query_schema(schema.show_query)
    @validation.response_body_schema(schema.show_response)
    def show(self, req, server_id):
        """Show how many vCPUs and how much memory a server has."""
        with _refusals(server_id):
            context, instance = self._get_instance(req, server_id, 'status')
            return view.status(
                self.compute_api.xloud_status(context, instance))

    @wsgi.expected_errors((400, 403, 404, 503))
    @validation.query_schema(schema.history_query)
    @validation.response_body_schema(schema.history_response)
    def history(self, req, server_id):
        """Show what a server was accounted for over time."""
        limit, _marker = common.get_limit_and_marker(req)
        now = timeutils.utcnow(with_timezone=True)
        begin, end = (
            timeutils.parse_isotime(req.GET[name]) if name in req.GET else None
            for name in ('from', 'to'))
        if begin and end and begin >= end:
            raise exc.HTTPBadRequest(
                explanation=_('The value of from must be earlier than that '
                              'of to.'))
        # As long as there are records of a deleted server.
        with _refusals(server_id), utils.temporary_mutation(
                req.environ['nova.context'], read_deleted='yes'):
            _context, instance = self._get_instance(req, server_id, 'history')
            periods, has_more = size_history.get_periods(
                instance, begin, min(end, now) if end else now, limit)
        return self._view_builder.history(req, server_id, periods, has_more)
