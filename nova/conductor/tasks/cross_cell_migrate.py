"""A server that is resized to another cell can come back to the size it had.

The source cell's record of the server is changed here and not by a compute.
"""

from nova import elastic


class PrepResizeAtSourceTask(base.TaskBase):

    def _execute(*nova):
        ...
        self.instance.old_flavor = ...  # nova
        elastic.remember_size(self.instance)
        ...
