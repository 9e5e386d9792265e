"""The clouds under measurement, and what a measure does to them."""
