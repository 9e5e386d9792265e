"""Computes are asked to change the size of a server, and what it has.

These methods have no version of their own, since each release of Nova numbers
its methods differently: a compute without them answers that it has none.
"""


class ComputeAPI(object):

    def unshelve_instance(*nova):
        ...

    def _elastic_client(self, ctxt, instance, **kwargs):
        return self.router.client(ctxt).prepare(
            server=_compute_host(None, instance),
            version=self._ver(ctxt, '5.0'), **kwargs)

    def xloud_adjust(self, ctxt, instance, vcpus, memory_mb, persist):
        self._elastic_client(ctxt, instance).call(
            ctxt, 'xloud_adjust', instance=instance, vcpus=vcpus,
            memory_mb=memory_mb, persist=persist)

    def hotplug_vcpus(self, ctxt, instance, new_count):
        self._elastic_client(ctxt, instance).call(
            ctxt, 'hotplug_vcpus', instance=instance, new_count=new_count)

    def xloud_status(self, ctxt, instance):
        # Whoever asks would rather have what the database says than wait.
        client = self._elastic_client(
            ctxt, instance, timeout=CONF.xloud.guest_agent_timeout + 5)
        return client.call(ctxt, 'xloud_status', instance=instance)
