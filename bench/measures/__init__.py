"""The measures: each module takes its figures with ``run`` and shows them with ``page``."""
