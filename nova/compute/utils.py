"""New servers take their minimum of the quota."""

from nova import elastic


def check_num_instances_quota(*nova):
    flavor = elastic.counted(flavor)
    ...
