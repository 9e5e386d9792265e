"""Which tables know servers."""

import pytest

from bench.cloud import seed


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
    """Only a column that tells a server counts: rows of copies are deleted by it."""
    assert seed._key(table, columns) == key
