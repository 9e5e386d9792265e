"""What the command can do: check, apply, verify, rollback, status. A roll puts targets in order."""
