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

"""The elastic servers API: what a server has, and how to change that."""

from webob import exc

from nova.api.openstack import common
from nova.api.openstack.compute.schemas import xloud_adjust as schema
from nova.api.openstack import wsgi
from nova.api import validation
from nova.compute import api as compute
from nova import exception
from nova.i18n import _
from nova.policies import xloud_adjust as policies


@validation.validated
class XloudAdjustController(wsgi.Controller):

    def __init__(self):
        super().__init__()
        self.compute_api = compute.API()

    def _get_instance(self, req, server_id, action, **kwargs):
        context = req.environ['nova.context']
        instance = common.get_instance(
            self.compute_api, context, server_id,
            expected_attrs=['flavor', 'system_metadata'], **kwargs)
        context.can(policies.POLICY_ROOT % action,
                    target={'user_id': instance.user_id,
                            'project_id': instance.project_id})
        return context, instance

    @wsgi.response(202)
    @wsgi.expected_errors((400, 403, 404, 409, 503))
    @validation.schema(schema.update)
    @validation.response_body_schema(schema.update_response)
    def update(self, req, server_id, body):
        """Change how many vCPUs and how much memory a server has."""
        context, instance = self._get_instance(req, server_id, 'adjust')
        amounts = {name: int(body[key]) if key in body else None
                   for name, key in (('vcpus', 'current_vcpus'),
                                     ('memory_mb', 'current_memory_mb'))}
        try:
            self.compute_api.xloud_adjust(
                context, instance, persist=body.get('persist', True),
                **amounts)
        except exception.ServerAdjustInvalid as error:
            raise exc.HTTPBadRequest(explanation=error.format_message())
        except exception.OverQuota as error:
            raise exc.HTTPForbidden(explanation=error.format_message())
        except exception.InstanceNotFound as error:
            raise exc.HTTPNotFound(explanation=error.format_message())
        except (exception.InstanceIsLocked, exception.InstanceNotReady,
                exception.ServerAdjustConflict) as error:
            raise exc.HTTPConflict(explanation=error.format_message())
        except exception.InstanceInvalidState as error:
            common.raise_http_conflict_for_instance_invalid_state(
                error, 'xloud_adjust', server_id)
        except exception.ServerAdjustUnavailable as error:
            raise exc.HTTPServiceUnavailable(
                explanation=error.format_message())
        except exception.ServiceUnavailable:
            raise exc.HTTPServiceUnavailable(
                explanation=_('The host of the server is down.'))
        return {}

    @wsgi.expected_errors((400, 403, 404))
    @validation.query_schema(schema.show_query)
    @validation.response_body_schema(schema.show_response)
    def show(self, req, server_id):
        """Show how many vCPUs and how much memory a server has."""
        context, instance = self._get_instance(req, server_id, 'status')
        return {'xloud_status': self.compute_api.xloud_status(
            context, instance)}
