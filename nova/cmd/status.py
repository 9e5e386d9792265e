"""Who upgrades to this version sees which hosts, flavors and images elastic servers can use."""

from nova.cmd import xloud_status


class UpgradeCommands(upgradecheck.UpgradeCommands):

    _upgrade_checks = (
        ...,
        (_('Computes for elastic servers'), xloud_status.check_computes),
        (_('Elastic flavors'), xloud_status.check_flavors),
        (_('Images of elastic servers'), xloud_status.check_images),
    )
