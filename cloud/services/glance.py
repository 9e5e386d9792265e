"""Glance: the images that servers boot from."""

from __future__ import annotations

from pathlib import Path

from cloud import process, rest, service


class Glance(service.Service):
    """Glance with its files in a folder."""

    name = 'glance'

    def ports(self) -> dict[str, int]:
        return {'glance': self.settings.port('glance')}

    def configure(self) -> None:
        data = self.state.data(self.name)
        # It insists on a folder for further files, though none is needed.
        (self.state.etc(self.name) / 'more').mkdir(parents=True, exist_ok=True)
        for folder in ('images', 'staging', 'tasks'):
            (data / folder).mkdir(parents=True, exist_ok=True)
        self.write(
            'glance-api.conf',
            {
                'DEFAULT': {
                    **service.logging(self.state.log(self.name)),
                    'bind_host': '127.0.0.1',
                    'bind_port': self.settings.port('glance'),
                    'workers': 0,
                    'enabled_backends': 'folder:file',
                },
                'database': {
                    'connection': self.context.database('glance'),
                    **self.context.pool(),
                },
                'glance_store': {'default_backend': 'folder'},
                'folder': {'filesystem_store_datadir': data / 'images'},
                'os_glance_staging_store': {'filesystem_store_datadir': data / 'staging'},
                'os_glance_tasks_store': {'filesystem_store_datadir': data / 'tasks'},
                'keystone_authtoken': self.context.token_check('glance'),
                'paste_deploy': {
                    'flavor': 'keystone',
                    'config_file': self.context.venv.share('glance', 'glance-api-paste.ini'),
                },
            },
        )

    def _options(self) -> list[str]:
        etc = self.state.etc(self.name)
        return [
            '--config-file', str(etc / 'glance-api.conf'), '--config-dir', str(etc / 'more'),
        ]  # fmt: skip

    def init(self) -> None:
        self.context.manage('glance-manage', *self._options(), 'db_sync')

    def daemon(self) -> process.Daemon:
        argv: list[str | Path] = [self.context.venv.bin / 'glance-api', *self._options()]
        return process.Daemon(self.name, argv, self.state)

    def answers(self) -> bool:
        return rest.status_of(self.settings.url(self.name) + '/') == 300
