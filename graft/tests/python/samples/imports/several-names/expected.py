from nova.mill import miller
from nova.mill import stones
from nova.mill import wheels as water_wheels

STONES = stones
