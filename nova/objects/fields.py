"""Notifications name what is done to the size of a server, and while it is done."""


class NotificationAction(BaseNovaEnum):
    XLOUD_ADJUST = 'xloud_adjust'
    ALL = (..., XLOUD_ADJUST)


class InstanceTaskState(BaseNovaEnum):
    XLOUD_ADJUST_PREP = 'xloud_adjust_prep'
    XLOUD_ADJUSTING = 'xloud_adjusting'
    ALL = (..., XLOUD_ADJUST_PREP, XLOUD_ADJUSTING)
