"""The inventory: what it may contain, and the message about an error in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from upgrade.errors import InventoryError
from upgrade.target import inventory

EXAMPLE = Path(inventory.__file__).parent.parent / 'inventory.example.toml'


def _load(tmp_path: Path, text: str, **environment: str) -> inventory.Inventory:
    path = tmp_path / 'inventory.toml'
    path.write_text(text)
    return inventory.load(path, environment)


def test_the_example_can_be_loaded() -> None:
    """The example of every key can be loaded, and its targets are in the order of restarts."""
    loaded = inventory.load(EXAMPLE, {})
    order = [target.name for target in loaded.matching([])]
    assert order == [
        'control1/nova_conductor',
        'control1/nova_scheduler',
        'control1/nova_api',
        'compute1/nova',
        'compute2/nova',
    ]


def test_one_environment_may_run_several_services(tmp_path: Path) -> None:
    """They are restarted in order, and the target has the place of its first service."""
    loaded = _load(
        tmp_path,
        """
        [hosts.one]
        address = "one.example.org"
        [hosts.one.environments.nova]
        path = "/opt/nova"
        services = [
            {role = "api", unit = "nova-api"},
            {role = "conductor", unit = "nova-conductor"},
        ]
        """,
    )
    (target,) = loaded.targets
    assert [service.role for service in target.services] == ['conductor', 'api']
    assert target.services[0].restart == 'systemctl restart nova-conductor'
    assert target.rank == 0


def test_the_environment_names_one_container() -> None:
    """The variables of the earlier scripts are enough; the role is guessed from the name."""
    variables = {
        'TARGET_HOST': 'operator@control1.example.org',
        'CONTAINER_NAME': 'nova_conductor',
        'NOVA_SITE_PACKAGES': '/var/lib/openstack/lib/python3.10/site-packages',
        'BACKUP_DIR': '/srv/backups',
    }
    loaded = inventory.load(None, variables)
    (target,) = loaded.targets
    assert target.host.address == 'control1.example.org'
    assert target.host.user == 'operator'
    assert target.container == 'nova_conductor'
    assert target.python == ('/var/lib/openstack/bin/python',)
    assert target.services[0].role == 'conductor'
    assert target.services[0].restart == 'podman restart nova_conductor'
    assert loaded.backup_dir == Path('/srv/backups')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('hosts = 3', '{path}: hosts must hold tables, not 3'),
        ('', '{path} names no target; ' + inventory.EXAMPLE),
        (
            '[hosts.a]\nadress = "a"',
            '{path}: hosts.a has an unknown key `adress`\n  allowed there: address, become, '
            'containers, environments, port, ssh_options, state_dir, user',
        ),
        (
            '[hosts.a.containers.nova]\nrole = "cpu"',
            "{path}: hosts.a.containers.nova: role is 'cpu'\n  it is one of: conductor, scheduler, "
            'api, metadata, novncproxy, other, compute',
        ),
        (
            '[hosts.a.environments.nova]\nrole = "api"',
            '{path}: hosts.a.environments.nova needs `path`, the folder of the virtual '
            'environment,\n  or `site_packages`, the folder that holds the package nova',
        ),
        (
            '[hosts.a.environments.nova]\npath = "/opt/nova"\nrole = "api"',
            '{path}: hosts.a.environments.nova: the api service needs `unit`,\n'
            '  or both `restart` and `health`, commands for the shell of its host',
        ),
        (
            '[hosts.a]\naddress = "-oProxyCommand=x"\n[hosts.a.containers.nova]\nrole = "api"',
            '{path}: hosts.a: no host or user begins with a hyphen',
        ),
    ],
)
def test_a_fault_names_its_place(tmp_path: Path, text: str, message: str) -> None:
    """Where it is, the value, and what is allowed there."""
    with pytest.raises(InventoryError) as caught:
        _load(tmp_path, text)
    assert str(caught.value) == message.format(path=tmp_path / 'inventory.toml')


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    """A typing error is not taken for an empty selection."""
    loaded = inventory.load(EXAMPLE, {})
    with pytest.raises(InventoryError, match='matches `compte1`\n  targets: control1/nova_con'):
        loaded.matching(['compte1'])
    assert [target.name for target in loaded.matching(['compute*'])] == [
        'compute1/nova',
        'compute2/nova',
    ]


def test_the_familiar_script_says_what_it_needs() -> None:
    """Without a target it does nothing, and says where an example is."""
    script = EXAMPLE.with_name('deploy_to_containers.sh')
    done = subprocess.run([script], env={'PATH': '/usr/bin:/bin'}, capture_output=True, check=False)
    assert done.returncode == 2
    assert b'TARGET_HOST is not set; the head of this file has an example' in done.stderr


def test_the_command_needs_nothing_but_python() -> None:
    """An operator's machine has no environment for it: the standard library is enough."""
    front = EXAMPLE.with_name('xloud-upgrade')
    words = [sys.executable, '-I', '-S', front, 'check', '-i', '/operator/inventory.toml']
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.splitlines() == [
        'xloud-upgrade: there is no inventory /operator/inventory.toml',
        '  name one with --inventory, or one target with TARGET_HOST; ' + inventory.EXAMPLE,
    ]
