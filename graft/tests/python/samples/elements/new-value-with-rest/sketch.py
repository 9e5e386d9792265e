"""A value of ours under a new key cannot hold on to anything."""

SPEEDS = {...: ..., 'coarse': [..., 2]}
