"""Programs that run with another Python than the bench.

``fleet`` and ``rpc_watch`` run with the cloud's and are called by path, so that ``nova`` is the
installed one; ``weaving`` runs with graft's.
"""
