"""Calls of computes: adjust a server, and describe what it has."""

from nova.compute import instance_actions
from nova import elastic


class ComputeAPI(object):

    ...

    # The calls of elastic servers have no version of their own, since each
    # release of Nova numbers its calls differently: a compute that lacks one
    # answers NoSuchMethod, which the API turns into a conflict. Arguments that
    # came later are only sent if they are needed, so that computes that do not
    # have them yet can be called.
    def xloud_adjust(self, ctxt, instance, vcpus, memory_mb, persist,
                     force=False, action=instance_actions.XLOUD_ADJUST,
                     for_seconds=None, when_full=None):
        kwargs = {}
        if force:
            kwargs['force'] = force
        if action != instance_actions.XLOUD_ADJUST:
            kwargs['action'] = action
        if for_seconds is not None:
            kwargs['for_seconds'] = for_seconds
        if when_full in (elastic.WAIT, elastic.MOVE):
            kwargs['when_full'] = when_full
        return self._elastic_client(ctxt, instance).call(
            ctxt, 'xloud_adjust', instance=instance, vcpus=vcpus,
            memory_mb=memory_mb, persist=persist, **kwargs)

    def xloud_adjust_check(self, ctxt, instance, vcpus, memory_mb, persist,
                           force):
        self._elastic_client(ctxt, instance).call(
            ctxt, 'xloud_adjust_check', instance=instance, vcpus=vcpus,
            memory_mb=memory_mb, persist=persist, force=force)

    def hotplug_vcpus(self, ctxt, instance, new_count):
        self._elastic_client(ctxt, instance).call(
            ctxt, 'hotplug_vcpus', instance=instance, new_count=new_count)

    def xloud_adjust_cancel(self, ctxt, instance):
        return self._elastic_client(ctxt, instance).call(
            ctxt, 'xloud_adjust_cancel', instance=instance)

    def xloud_adjust_stay(self, ctxt, instance):
        self._elastic_client(ctxt, instance).call(
            ctxt, 'xloud_adjust_stay', instance=instance)

    def xloud_adjust_withdraw(self, ctxt, instance):
        self._elastic_client(ctxt, instance).call(
            ctxt, 'xloud_adjust_withdraw', instance=instance)

    def xloud_status(self, ctxt, instance):
        # A late answer is of no use: the API answers from the database then.
        client = self._elastic_client(
            ctxt, instance, timeout=CONF.xloud.guest_query_timeout + 1)
        return client.call(ctxt, 'xloud_status', instance=instance)

    def _elastic_client(self, ctxt, instance, **kwargs):
        return self.router.client(ctxt).prepare(
            server=_compute_host(None, instance),
            version=self._ver(ctxt, '5.0'), **kwargs)
