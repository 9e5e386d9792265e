"""Adds the panel that shows administrators the capacity of hosts."""

PANEL = 'elastic_capacity'
PANEL_DASHBOARD = 'admin'
PANEL_GROUP = 'compute'
ADD_PANEL = 'xloud_dashboard.hosts.panel.Capacity'
