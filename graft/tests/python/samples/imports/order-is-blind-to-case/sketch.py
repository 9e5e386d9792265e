"""Capitals do not count in the order of imports."""

from nova.mill import Beta
