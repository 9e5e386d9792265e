"""What is installed in guests: the package `xloud-guest`, and how it is built."""
