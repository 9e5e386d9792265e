"""Updates of servers that are or were elastic are part of their history.

Only the server knows its flavors, and only the database what it had before.
"""

from nova import elastic


class Instance(...):

    VERSION = ...  # nova
    # The changes of its size over time, where they are loaded: no field, as no
    # other service reads them.
    size_changes = ()

    def save(*nova):
        ...
        if elastic.is_recorded(self, updates):
            updates['records_size'] = True
        expected_attrs = ...  # nova
        ...

    def apply_migration_context(*nova):
        ...
        elastic.settle_pins(self)
