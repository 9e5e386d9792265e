"""What is done with a woven tree: environments, test runs, style, documentation, the suite."""
