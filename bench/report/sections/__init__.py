"""The sections of the page, one module a measurement.

Each has ``make``, which turns the data of the result into the values and plots of the section.
"""
