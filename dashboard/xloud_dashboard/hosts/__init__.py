"""The panel for administrators that shows the capacity of hosts."""
