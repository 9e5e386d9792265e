"""The application as Django sees it."""

from typing import Any

from django.apps import AppConfig


class WithoutNetworks(AppConfig):
    """Requests servers without a network, for which Horizon has no word."""

    name = 'without_networks'

    def ready(self) -> None:
        from novaclient.v2 import servers

        create = servers.ServerManager.create

        def create_without(self: Any, *args: Any, nics: Any = None, **options: Any) -> Any:
            return create(self, *args, nics=nics or 'none', **options)

        servers.ServerManager.create = create_without
