"""The commands for docker and systemd, neither of which runs here: stand-ins carry them out.

The container is the host itself, so that the commands have their effect.
"""

import re
import shlex
from pathlib import Path

from upgrade.tests.world import Node, World

DOCKER = """#!/bin/sh
printf '%s\\n' "docker $*" >> {log}
verb=$1; shift
case $verb in
  exec) shift 4; exec "$@" ;;
  cp) cp -a "${{1#nova_compute:}}" "${{2#nova_compute:}}" ;;
  inspect) case $2 in *Running*) echo true ;; *StartedAt*) cat {started} ;; esac ;;
  restart) date > {started} && cp {site}/nova/version.py {running} ;;
  *) exit 64 ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
printf '%s\\n' "systemctl $*" >> {log}
case $1 in
  restart) cp {site}/nova/version.py {running} ;;
  is-active) test -s {running} ;;
  *) exit 64 ;;
esac
"""


class Host:
    """A host whose docker and systemctl are stand-ins that record their commands."""

    def __init__(self, operator: World, what: str, text: str) -> None:
        self.world = operator
        self.node = Node(operator.folder / 'one')
        self.log = operator.folder / 'log'
        started = operator.folder / 'started'
        started.write_text('long ago')
        tools = operator.folder / 'tools'
        tools.mkdir()
        places = {'site': self.node.site, 'running': self.node.running}
        (tools / what).write_text(text.format(log=self.log, started=started, **places))
        (tools / what).chmod(0o755)
        self.become = shlex.join(['env', f'PATH={tools}:/usr/local/bin:/usr/bin:/bin'])

    def runs(self, target: str, *words: str) -> None:
        """Run the command on an inventory of one target."""
        path = self.world.folder / 'inventory.toml'
        self.world.inventory = lambda: path  # type: ignore[method-assign]
        path.write_text(
            '[hosts.one]\naddress = "127.0.0.1"\n'
            f'port = {self.world.sshd.port}\nssh_options = {self.world.sshd.options!r}\n'
            f'become = "{self.become}"\nstate_dir = "{self.world.folder}/state"\n'
            f'{target}\nsettle = 0.2\ntimeout = 30\n'
        )
        self.world.does(*words)

    def recorded(self) -> set[str]:
        """Return the recorded commands, without what differs from run to run."""
        lines = self.log.read_text().splitlines()
        names = {str(self.node.site): 'SITE', str(self.world.folder / 'state'): 'STATE'}
        commands = set()
        for line in lines:
            for path, name in names.items():
                line = line.replace(path, name)
            commands.add(re.sub(r' -I -B -c .*', ' ...', line))
        return commands


def test_docker(operator: World) -> None:
    """Apply and rollback, by the words that docker has."""
    host = Host(operator, 'docker', DOCKER)
    before = host.node.files()
    python = Path(host.node.root, 'bin', 'python')
    target = (
        f'[hosts.one.containers.nova_compute]\nengine = "docker"\npython = "{python}"\n'
        'role = "compute"'
    )
    host.runs(target, 'check')
    host.runs(target, 'apply')
    assert host.node.is_fork
    assert host.node.runs == '29.4.0+xloud.1'
    host.runs(target, 'rollback')
    assert host.node.files() == before
    assert host.node.runs == '29.4.0'
    aside = 'STATE/container-nova_compute'
    assert host.recorded() == {
        f'docker exec -i -u root nova_compute {python} ...',
        f'docker cp {aside}/incoming/. nova_compute:SITE/.xloud-upgrade/incoming',
        f'docker cp nova_compute:SITE/.xloud-upgrade/backup.tar.gz {aside}/backup.tar.gz',
        f'docker cp nova_compute:SITE/.xloud-upgrade/run/old {aside}/old',
        'docker inspect --format {{.State.Running}} nova_compute',
        'docker inspect --format {{.State.StartedAt}} nova_compute',
        'docker restart nova_compute',
    }


def test_systemd(operator: World) -> None:
    """A unit is restarted, and is healthy while it is active."""
    host = Host(operator, 'systemctl', SYSTEMCTL)
    before = host.node.files()
    target = (
        f'[hosts.one.environments.nova]\npath = "{host.node.root}"\nrole = "compute"\n'
        'unit = "nova-compute@one.service"'
    )
    host.runs(target, 'apply')
    assert host.node.runs == '29.4.0+xloud.1'
    host.runs(target, 'rollback')
    assert host.node.files() == before
    assert host.node.runs == '29.4.0'
    assert host.recorded() == {
        'systemctl is-active --quiet nova-compute@one.service',
        'systemctl restart nova-compute@one.service',
    }
