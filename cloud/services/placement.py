"""Placement: who holds how much of which host."""

from __future__ import annotations

from cloud import service


class Placement(service.Wsgi):
    """Placement under uWSGI."""

    name = 'placement'
    script = 'placement-api'
    module = 'placement.wsgi.api'

    def environment(self) -> dict[str, str]:
        return {'OS_PLACEMENT_CONFIG_DIR': str(self.state.etc(self.label))}

    def configure(self) -> None:
        self.write(
            'placement.conf',
            {
                'DEFAULT': service.logging(self.state.log(self.label)),
                'api': {'auth_strategy': 'keystone'},
                'placement_database': {
                    'connection': self.context.database('placement'),
                    **self.context.pool(),
                },
                'keystone_authtoken': self.context.token_check('placement'),
            },
        )

    def init(self) -> None:
        file = self.state.etc(self.label) / 'placement.conf'
        self.context.manage('placement-manage', '--config-file', file, 'db', 'sync')
