"""There and back again, on hosts reached through a real sshd."""

import json

from upgrade.tests.world import World


def test_apply_verify_status_rollback(nowhere: World) -> None:
    """After apply a target is the fork; after rollback every byte, mode and time is as before."""
    node = nowhere.node('one')
    before = node.files()

    assert 'fault' not in nowhere.does('check')
    plan = json.loads(nowhere.does('plan', '--json'))['targets'][0]
    assert {file['path']: file['kind'] for file in plan['files']} == {
        'nova/adjust/__init__.py': 'new',
        'nova/adjust/work.py': 'new',
        'nova/compute/api.py': 'modified',
        'nova/compute/manager.py': 'modified',
        'nova/elastic.py': 'new',
        'nova/version.py': 'modified',
        'nova-29.4.0+xloud.1.dist-info/METADATA': 'metadata',
        'nova-29.4.0+xloud.1.dist-info/WHEEL': 'metadata',
        'nova-29.4.0+xloud.1.dist-info/entry_points.txt': 'metadata',
    }
    assert node.files() == before

    assert nowhere.does('apply') == 'one/nova: changed\n1 targets have nova 29.4.0+xloud.1\n'
    assert node.runs == '29.4.0+xloud.1'
    nowhere.does('verify')
    status = json.loads(nowhere.does('status', '--json'))[0]
    assert (status['version'], status['services']) == ('29.4.0+xloud.1', {'compute': True})

    after = node.files()
    assert '1 targets have' in nowhere.does('apply')
    assert node.files() == after

    nowhere.does('rollback')
    assert node.runs == '29.4.0'
    assert node.files() == before
    assert 'one/nova: nothing to do' in nowhere.does('rollback')
