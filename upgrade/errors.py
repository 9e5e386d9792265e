"""Every exception of the package.

UpgradeError              something the person at the keyboard can act on
├── InventoryError        the inventory does not say what it must
├── PayloadError          there is no fork to put anywhere, or it cannot be carried so
├── TransportError        ssh or rsync failed, or the connection was cut
├── TargetError           a target refused a request, or could not do it
│   ├── BusyError         another operator is at work there
│   ├── UnfitError        a check found a reason not to touch it
│   └── ServiceError      a service did not come back
├── BackupError           a backup is missing, or is not what it was
├── CloudError            OpenStack's API refused, or did not answer
└── StoppedError          someone pressed Ctrl-C, and all is in order
"""


class UpgradeError(Exception):
    """A failure whose text says what is wrong, where, and what to do."""


class InventoryError(UpgradeError):
    """The inventory does not say what it must."""


class PayloadError(UpgradeError):
    """There is no fork to put anywhere, or it cannot be carried so."""


class TransportError(UpgradeError):
    """ssh or rsync failed, or the connection was cut."""


class TargetError(UpgradeError):
    """A target refused a request, or could not do it."""


class BusyError(TargetError):
    """Another operator is at work there."""


class UnfitError(TargetError):
    """A check found a reason not to touch it."""


class ServiceError(TargetError):
    """A service did not come back."""


class BackupError(UpgradeError):
    """A backup is missing, or is not what it was."""


class CloudError(UpgradeError):
    """OpenStack's API refused, or did not answer."""


class StoppedError(UpgradeError):
    """Someone pressed Ctrl-C, and all is in order."""
