"""What is asked of OpenStack: the client, sizes, traits, and a smoke test."""
