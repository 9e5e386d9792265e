"""Tests of the parts that need neither root nor a cloud."""
