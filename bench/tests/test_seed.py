"""Which tables refer to servers, and what a copy must have."""

from types import SimpleNamespace

import pytest

from bench.cloud import seed
from bench.errors import MeasurementError


@pytest.mark.parametrize(
    'table, columns, key',
    [
        ('nova.instances', ['uuid', 'host'], 'uuid'),
        ('nova.block_device_mapping', ['instance_uuid', 'uuid'], 'instance_uuid'),
        ('placement.allocations', ['consumer_id'], 'consumer_id'),
        # Its first row ends in zeros, as copies of servers do.
        ('nova_api.cell_mappings', ['uuid', 'name'], None),
        ('placement.traits', ['name'], None),
    ],
)
def test_key(table, columns, key):
    """Only a column that identifies a server is a key: rows of copies are deleted by it."""
    assert seed.key_of(table, columns) == key


SERVER = 'c0ffee00-0000-4000-8000-000000c0ffee'
COPY = 'c0ffee00-0000-4000-8000-00000000000A'


@pytest.fixture
def seeded():
    """A seed in a database with one table, and how many rows it has for each server."""
    rows = {SERVER: '2', COPY: '2'}

    def sql(statement):
        if 'information_schema' in statement:
            return [['nova.tags', 'instance_uuid']]
        return [[next((rows[server] for server in rows if server in statement), '0')]]

    return seed.Seed(SimpleNamespace(sql=sql), SERVER), rows


def test_complete_copy(seeded):
    """A copy with as many rows as its server is accepted."""
    seed_of_server, _ = seeded
    seed_of_server.check(SERVER, 10)


def test_incomplete_copy(seeded):
    """A copy that lacks rows ends the measurement: figures with it would be wrong."""
    seed_of_server, rows = seeded
    rows[COPY] = '1'
    with pytest.raises(MeasurementError, match=f'copy {COPY} of server {SERVER} has these rows'):
        seed_of_server.check(SERVER, 10)
