"""The guest: a small Linux that says what it has."""
