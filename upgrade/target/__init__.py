"""One target: its inventory entry, the ways to it, its backups, and the steps that work on it."""
