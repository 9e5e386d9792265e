"""What runs on a target: sent over ssh, nothing stays there but what was asked for.

These modules run under the target's own Python, 3.9 or newer, with the standard library alone.
``main`` answers requests; ``files`` reads and writes; ``stage`` puts new files beside the old;
``swap`` exchanges them; ``archive`` packs and unpacks backups; ``facts`` looks around; ``host``
holds locks and runs commands.
"""
