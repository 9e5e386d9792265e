"""Calls of the conductor: move a server to a host on which it can grow.

As those of computes, they have no version of their own.
"""


class ComputeTaskAPI(object):

    ...

    def xloud_adjust_move(self, ctxt, instance):
        return self._call_about_move(ctxt, 'xloud_adjust_move', instance)

    def xloud_adjust_check_move(self, ctxt, instance):
        return self._call_about_move(
            ctxt, 'xloud_adjust_check_move', instance)

    def _call_about_move(self, ctxt, method, instance):
        # The scheduler and the hosts that it considers are asked.
        cctxt = self.client.prepare(
            version='1.15', call_monitor_timeout=CONF.rpc_response_timeout,
            timeout=CONF.long_rpc_timeout)
        return cctxt.call(ctxt, method, instance=instance)
