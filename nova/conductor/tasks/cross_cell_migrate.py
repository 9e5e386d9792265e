"""A server that is resized to another cell can come back to the size it had.

The source cell's record of the server is changed here and not by a compute, and
so is the other one when the resize is confirmed.
"""

from nova import elastic


class PrepResizeAtSourceTask(base.TaskBase):

    def _execute(*nova):
        ...
        self.instance.old_flavor = ...  # nova
        elastic.remember_size(self.instance)
        ...


class ConfirmResizeTask(base.TaskBase):

    def _finish_confirm_in_target_cell(*nova):
        ...
        self.instance.system_metadata.pop(...)  # nova
        elastic.forget_size(self.instance)
        ...
