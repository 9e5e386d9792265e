"""What runs on a target: it is sent over ssh and leaves nothing there that was not requested.

These modules run under the target's own Python, 3.9 or newer, with the standard library alone.
``protocol`` has the messages, for both sides; ``main`` answers requests; ``files`` reads and
writes; ``stage`` puts new files beside the old; ``swap`` exchanges them; ``archive`` packs and
unpacks backups; ``facts`` inspects the installation; ``host`` holds locks and runs commands.
"""
