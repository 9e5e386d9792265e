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

"""What a host knows about an elastic server at this moment."""

import time

import nova.conf
from nova import elastic
from nova import exception

CONF = nova.conf.CONF

# How long an answer is used again, in seconds.
_CURRENT_FOR = 2

# The subject of all questions to placement: if it does not respond, one of
# them stays open, and not one for each guest.
_ROOM = 'room'


class LiveStatus(object):
    """Describes what guests on this host have, at a bounded cost."""

    def __init__(self, driver, accounting, questions):
        self._driver = driver
        self._accounting = accounting
        self._questions = questions
        # The last answer of each guest and when it was requested, by UUID.
        self._answers = {}

    def describe(self, context, instance, adjustment=None):
        """Return what a server has and is requested to have now.

        :param adjustment: The one that is in progress, if any; its guest is
            not asked then
        """
        status = {'requested': adjustment and {
            'current_' + field: value for field, value in
            adjustment.plan.requested._asdict().items() if value is not None}}
        live = self._driver.get_live_size(instance)
        if not live:
            return status
        status.update(source='hypervisor', current_vcpus=live.vcpus,
                      current_memory_mb=live.memory_mb)
        if instance.task_state is None and not adjustment:
            status.update(self._get_answer(context, instance, live))
        return status

    def forget(self, instance):
        """Forget the answer of a guest from before its adjustment."""
        self._answers.pop(instance.uuid, None)

    def _get_answer(self, context, instance, live):
        now = time.monotonic()
        self._answers = {
            uuid: (since, answer)
            for uuid, (since, answer) in list(self._answers.items())
            if now - since < _CURRENT_FOR}
        if instance.uuid not in self._answers:
            deadline = now + CONF.xloud.guest_query_timeout
            answer = self._try(
                context, instance.uuid, deadline, self._ask, instance, live)
            live = live._replace(memory_mb=answer.get(
                'current_memory_mb', live.memory_mb))
            answer.update(self._try(
                context, _ROOM, deadline, self._get_room, context, instance,
                live))
            self._answers[instance.uuid] = (now, answer)
        return self._answers[instance.uuid][1]

    def _try(self, context, subject, deadline, function, *args):
        """Return what a function does, or nothing if that takes too long."""
        try:
            return self._questions.ask(
                context, subject, deadline - time.monotonic(), function, *args)
        except exception.ServerAdjustGuestNotResponding:
            return {}

    def _get_room(self, context, instance, live):
        room = self._accounting.capacity.get_room(context, instance, live)
        if room is None:
            return {}
        return {'room_' + field: amount
                for field, amount in room._asdict().items()}

    def _ask(self, instance, live):
        usage = self._driver.get_memory_usage(instance)
        live = elastic.with_live_memory(
            instance.flavor, live, usage.actual_mb)
        return {
            'current_memory_mb': live.memory_mb,
            'floor_memory_mb': elastic.memory_floor(
                live.memory_mb, usage.usable_mb,
                CONF.xloud.memory_floor_margin),
            **self._driver.get_live_details(instance)}
