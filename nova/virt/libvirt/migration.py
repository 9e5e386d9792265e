"""A guest goes to another host without the limit that its host sets to it.

What the process of a guest can have is for its new host to say, which may have
another overhead for that, or no limit.
"""

from nova import elastic


def get_updated_guest_xml(*nova):
    ...
    xml_doc = _update_quota_xml(...)  # nova
    xml_doc = _without_memory_limit(instance, xml_doc)
    ...


def _without_memory_limit(instance, xml_doc):
    """Remove the limit of elastic memory, which depends on the host.

    The compute service of the destination limits the guest as configured
    there.
    """
    memtune = xml_doc.find('./memtune')
    limit = xml_doc.find('./memtune/hard_limit')
    if limit is None or (
            'memory_mb' not in elastic.elastic_resources(instance.flavor)):
        return xml_doc
    memtune.remove(limit)
    if not list(memtune):
        xml_doc.remove(memtune)
    return xml_doc
