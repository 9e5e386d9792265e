"""Tests of the package (``unit``) and of the cloud it runs (``e2e``)."""
