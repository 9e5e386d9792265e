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

"""The quota of a project, for what grows without a request."""

from nova.compute.elastic import limits
from nova import elastic
from nova import objects
from nova.objects import base
from nova.objects import fields


@base.NovaObjectRegistry.register
class SizeQuota(base.NovaObject):
    """Whether the quota of its project lets a server have a size.

    Computes have no access to quotas, and use this.
    """
    # Version 1.0: Initial version
    VERSION = '1.0'

    fields = {
        'instance_uuid': fields.UUIDField(),
        'old_vcpus': fields.IntegerField(),
        'old_memory_mb': fields.IntegerField(),
        'vcpus': fields.IntegerField(),
        'memory_mb': fields.IntegerField(),
        'is_claimed': fields.BooleanField(),
    }

    @classmethod
    def check(cls, context, instance, before, size, is_claimed):
        """Check whether a server may grow from one elastic.Size to another.

        :param is_claimed: Whether it has the new one already
        :raises: ServerAdjustOverQuota if not; ServerAdjustUsageUnknown if
            that cannot be determined
        """
        cls(context, instance_uuid=instance.uuid, old_vcpus=before.vcpus,
            old_memory_mb=before.memory_mb, vcpus=size.vcpus,
            memory_mb=size.memory_mb, is_claimed=is_claimed).enforce()

    @base.remotable
    def enforce(self):
        instance = objects.Instance.get_by_uuid(
            self._context, self.instance_uuid,
            expected_attrs=['flavor', 'system_metadata'])
        before = elastic.Size(self.old_vcpus, self.old_memory_mb)
        size = elastic.Size(self.vcpus, self.memory_mb)
        if self.is_claimed:
            limits.recheck(self._context, instance, before, size)
        else:
            limits.check(self._context, instance, before, size)
