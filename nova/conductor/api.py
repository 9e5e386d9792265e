"""The compute API has the conductor move servers that cannot grow."""


class ComputeTaskAPI(object):

    ...

    def xloud_adjust_move(self, context, instance):
        return self.conductor_compute_rpcapi.xloud_adjust_move(
            context, instance)

    def xloud_adjust_check_move(self, context, instance):
        return self.conductor_compute_rpcapi.xloud_adjust_check_move(
            context, instance)
