"""Each name of an import of ours gets a line, as Nova's style has it."""

from nova.mill import miller, wheels as water_wheels
