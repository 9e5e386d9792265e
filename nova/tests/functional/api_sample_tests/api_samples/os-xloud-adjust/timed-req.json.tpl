{
    "current_vcpus": 2,
    "current_memory_mb": 2048,
    "for_seconds": 7200
}
