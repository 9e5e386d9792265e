"""A server whose size is changed can do nothing else."""

...

# possible task states during xloud_adjust(): before the compute has taken it
# on, and from then until it is done
XLOUD_ADJUST_PREP = fields.InstanceTaskState.XLOUD_ADJUST_PREP
XLOUD_ADJUSTING = fields.InstanceTaskState.XLOUD_ADJUSTING
xloud_adjust_states = (XLOUD_ADJUST_PREP, XLOUD_ADJUSTING)
