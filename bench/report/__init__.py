"""The published page and its plots, made from the results that are kept."""
