"""graft weaves a feature branch, kept as sketches, into releases of the project it extends."""
