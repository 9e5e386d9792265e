"""Elastic servers in Horizon: their size, and a form that adjusts it while they run."""
