"""Horizon with the project's plugin, as an operator would install it."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from cloud import command, errors, files, process, rest, service, settings, venv

_SOURCE = settings.REPOSITORY / 'dashboard'
_PLUGIN = _SOURCE / 'xloud_dashboard'
_WITHOUT_NETWORKS = Path(__file__).parent / 'without_networks'

#: Its settings, as those of Horizon's own file.
_SETTINGS = """\
from pathlib import Path

DEBUG = False
WEBROOT = '/'
ALLOWED_HOSTS = ['127.0.0.1', 'localhost']
SECRET_KEY = Path({key!r}).read_text()
OPENSTACK_HOST = '127.0.0.1'
OPENSTACK_KEYSTONE_URL = {keystone!r}
OPENSTACK_API_VERSIONS = {{'identity': 3}}
TIME_ZONE = 'UTC'
# Several processes serve one user: what they keep is in files.
CACHES = {{
    'default': {{
        'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache',
        'LOCATION': {cache!r},
        'OPTIONS': {{'MAX_ENTRIES': 10000}},
    }}
}}
STATIC_ROOT = {static!r}
COMPRESS_OFFLINE = True
LOGGING = {{
    'version': 1,
    'disable_existing_loggers': False,
    'handlers': {{'console': {{'class': 'logging.StreamHandler'}}}},
    'root': {{'handlers': ['console'], 'level': 'WARNING'}},
}}
"""


class Environment(venv.Locked):
    """The environment of Horizon, whose files of JavaScript are packages that are built."""

    builds_with_lock = True


class Horizon(service.Wsgi):
    """Horizon under uWSGI, which also serves its static files."""

    name = 'dashboard'
    module = 'openstack_dashboard.wsgi'
    healthy = (200,)
    processes = 2

    def __init__(self, context: service.Context) -> None:
        super().__init__(context)
        release = context.settings.release
        self.lock = _SOURCE / 'constraints' / f'{release}.txt'
        self.venv = Environment(
            context.state, context.state.packages / f'dashboard-{release}', self.lock
        )
        self.data = context.state.data(self.name)
        self.static = self.data / 'static'

    @property
    def bin(self) -> Path:
        return self.context.venv.bin  # uWSGI is built once; it runs from any environment.

    def check(self) -> None:
        if not self.lock.exists():
            there = sorted(file.stem for file in self.lock.parent.glob('*.txt'))
            raise errors.CheckError(
                f'there is no lock of the dashboard of release {self.settings.release}: '
                f'{self.lock}\nreleases that have one: {", ".join(there)}'
            )
        super().check()

    def install(self) -> None:
        self.venv.install()
        self.venv.install_own(settings.REPOSITORY / 'client')
        self.venv.install_own(_SOURCE)

    def configure(self) -> None:
        folder = self.state.etc(self.name)
        key = folder / 'secret-key'
        if not key.exists():
            files.write(key, secrets.token_urlsafe(48))  # Of mode 600, as all that is written so.
        cache = self.data / 'cache'
        cache.mkdir(parents=True, exist_ok=True)
        text = _SETTINGS.format(
            key=str(key),
            keystone=self.settings.url('keystone') + '/v3',
            cache=str(cache),
            static=str(self.static),
        )
        files.write(folder / 'local_settings.py', text)
        local = self.venv.site / 'openstack_dashboard' / 'local'
        changed = _link(local / 'local_settings.py', folder / 'local_settings.py')
        for name in ('enabled', 'local_settings.d'):
            for file in (_PLUGIN / name).glob('_[0-9]*.py'):
                changed |= _link(local / name / file.name, file)
        changed |= _link(self.venv.site / _WITHOUT_NETWORKS.name, _WITHOUT_NETWORKS)
        enabled = local / 'enabled' / '_9060_without_networks.py'
        changed |= _link(enabled, _WITHOUT_NETWORKS / 'enabled.py')
        if changed or not self._is_collected():
            self._collect()

    def _is_collected(self) -> bool:
        if not self.static.exists():
            return False
        collected = self.static.stat().st_mtime
        return all(
            file.stat().st_mtime < collected
            for app in (_PLUGIN, _WITHOUT_NETWORKS)
            for file in (app / 'static').rglob('*')
        )

    def _collect(self) -> None:
        """Collect and compress the static files."""
        self.stop()
        shutil.rmtree(self.static, ignore_errors=True)
        self._manage('collectstatic', '--noinput', '-v', '0')
        try:
            self._manage('compress', '--force')
        except errors.CommandError:
            # The compiler of style sheets of 2024.1 seldom fails on what it takes the next time.
            self._manage('compress', '--force')
        self.static.touch()

    def _manage(self, *words: str) -> None:
        argv = [
            self.venv.python, '-m', 'django', *words,
            '--settings', 'openstack_dashboard.settings',
        ]  # fmt: skip
        command.run(argv, log=self.state.log('init'))

    def environment(self) -> dict[str, str]:
        return {}

    def daemon(self) -> process.Daemon:
        daemon = super().daemon()
        argv = [
            *daemon.argv,
            '--home', self.venv.root,
            '--static-map', f'/static={self.static}',
        ]  # fmt: skip
        return process.Daemon(self.label, argv, self.state, self.environment())

    def answers(self) -> bool:
        return rest.status_of(self.settings.url(self.name) + '/auth/login/') in self.healthy


def _link(link: Path, target: Path) -> bool:
    """Have a link point to a file; return whether it did not."""
    if link.is_symlink() and link.readlink() == target:
        return False
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    return True


def door(context: service.Context) -> dict[str, str]:
    """Return where to click, and how to log in."""
    return {
        'url': context.settings.url('dashboard') + '/',
        'user': 'demo',
        'file': str(context.state / 'passwords.json'),
    }
