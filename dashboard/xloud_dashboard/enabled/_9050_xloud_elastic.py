"""Enables the plugin: a panel without an entry in the menu, which has the URLs of its forms."""

PANEL = 'elastic'
PANEL_DASHBOARD = 'project'
PANEL_GROUP = 'compute'
ADD_PANEL = 'xloud_dashboard.content.panel.Elastic'
ADD_INSTALLED_APPS = ['xloud_dashboard']
ADD_ANGULAR_MODULES = ['xloud.dashboard']
ADD_JS_FILES = ['xloud_dashboard/elastic.js', 'xloud_dashboard/launch.js']
ADD_SCSS_FILES = ['xloud_dashboard/elastic.scss']
EXTRA_TABS = {
    'openstack_dashboard.dashboards.project.instances.tabs.InstanceDetailTabs': (
        'xloud_dashboard.tabs.SizeTab',
    ),
    'openstack_dashboard.dashboards.admin.instances.tabs.AdminInstanceDetailTabs': (
        'xloud_dashboard.tabs.SizeTab',
    ),
}
