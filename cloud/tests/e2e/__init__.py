"""End-to-end tests: real services, a real guest, the real client."""
