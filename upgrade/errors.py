"""Every exception of the package.

UpgradeError              something the person at the keyboard can act on
├── InventoryError        the inventory does not say what it must
├── PayloadError          there is no fork to put anywhere, or it cannot be carried so
├── TransportError        ssh or rsync failed, or the connection was cut
├── TargetError           a target refused a request, or could not do it
│   ├── BusyError         another operator is working there
│   ├── UnfitError        a check found a reason not to touch it
│   └── ServiceError      a service did not come back
├── BackupError           a backup is missing, or is not what it was
├── CloudError            OpenStack's API refused, or did not answer
└── StoppedError          the operator pressed Ctrl-C, and all is in order
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
    """Another operator is working there."""


class UnfitError(TargetError):
    """A check found a reason not to touch it."""


class ServiceError(TargetError):
    """A service did not come back."""


class BackupError(UpgradeError):
    """A backup is missing, or is not what it was."""


class CloudError(UpgradeError):
    """OpenStack's API refused, or did not answer."""


class StoppedError(UpgradeError):
    """The operator pressed Ctrl-C, and all is in order."""


def quoted(output: str, lines: int = 10) -> str:
    """Return the end of a command's output, as messages show it."""
    return '\n'.join(f'  | {line}' for line in output.strip().splitlines()[-lines:])
