"""The fingerprints of Nova's notifications hold without our enum values.

Neither EventType nor a payload gets a version of ours: Nova counts on with its
own numbers in its next release, and a consumer would take the one for the
other. None needs it: EventType is sent as the string it stands for, and an
action and a task state are strings for whoever reads them.
"""


class TestNotificationObjectVersions(test.NoDBTestCase):

    def setUp(*nova):
        ...
        for enum, ours in (
                (fields.NotificationAction,
                 [fields.NotificationAction.XLOUD_ADJUST]),
                (fields.InstanceTaskState,
                 [fields.InstanceTaskState.XLOUD_ADJUST_PREP,
                  fields.InstanceTaskState.XLOUD_ADJUSTING])):
            patcher = mock.patch.object(
                enum, 'valid_values',
                tuple(value for value in enum.ALL if value not in ours))
            patcher.start()
            self.addCleanup(patcher.stop)
