"""What the command can do: check, apply, verify, rollback and status; roll puts targets in order."""
