"""What the scheduler needs so that it knows the NUMA cells of hosts."""

#: Nova's own filters, and the one that knows the cells, which it leaves to the operator.
FILTERS = (
    'ComputeFilter,ComputeCapabilitiesFilter,ImagePropertiesFilter,'
    'ServerGroupAntiAffinityFilter,ServerGroupAffinityFilter,NUMATopologyFilter'
)
