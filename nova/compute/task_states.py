"""A server whose size is changed can do nothing else."""

...

# possible task states during xloud_adjust(): until the compute has accepted
# it, and from then until it is complete
XLOUD_ADJUST_PREP = fields.InstanceTaskState.XLOUD_ADJUST_PREP
XLOUD_ADJUSTING = fields.InstanceTaskState.XLOUD_ADJUSTING
xloud_adjust_states = (XLOUD_ADJUST_PREP, XLOUD_ADJUSTING)
