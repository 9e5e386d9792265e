"""The fork as an upgrade carries it: what is in it, where it goes, and pages about it."""
