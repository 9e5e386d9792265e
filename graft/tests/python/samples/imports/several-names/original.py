from nova.mill import stones

STONES = stones
