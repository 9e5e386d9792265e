"""An application of Horizon for this cloud, which has no networks.

"Launch Instance" requires a network where there is the service for networks. Nova's API needs
that service here, and an instance without a network is fine.
"""
