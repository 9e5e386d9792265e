"""A sketch of nothing but its docstring changes nothing."""
