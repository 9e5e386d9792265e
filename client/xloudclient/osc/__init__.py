"""The commands of ``openstack``."""
