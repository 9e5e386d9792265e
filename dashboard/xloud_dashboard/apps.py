"""The plugin as an application of Django."""

from django.apps import AppConfig


class XloudDashboard(AppConfig):
    """Adds to the tables of Horizon, for which it has no setting."""

    name = 'xloud_dashboard'

    def ready(self) -> None:
        # Horizon's modules can be imported only when the applications are known.
        from xloud_dashboard import tables

        tables.extend()
