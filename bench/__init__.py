"""What elastic servers cost and what they gain, measured on the one-machine cloud.

``measures`` takes the measurements, on the clouds that ``cloud`` handles, and ``report`` makes the
published page of their results, which are kept as JSON. ``inside`` has the programs that run with
another Python: the cloud's, or graft's.
"""
