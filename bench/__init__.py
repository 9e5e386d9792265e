"""What elasticity costs and what it gives, measured on the one-machine cloud.

``cli`` is the front. ``measures`` has a module for each measure, which takes its
figures and shows them; ``page`` makes the published page from the results that
are kept as JSON. ``inside`` is what runs with the cloud's own Python.
"""
