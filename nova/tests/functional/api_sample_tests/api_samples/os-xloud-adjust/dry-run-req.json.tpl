{
    "current_vcpus": 2,
    "current_memory_mb": 2048,
    "dry_run": true
}
