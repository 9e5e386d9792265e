{
    "xloud_status": {
        "accounted_memory_mb": 2048,
        "accounted_vcpus": 2,
        "adjust": {
            "code": null,
            "expires_at": null,
            "reason": null,
            "requested": null,
            "since": "%(isotime)s",
            "state": "succeeded"
        },
        "attached_dimms_mb": 0,
        "balloon_driver_active": true,
        "current_memory_mb": 2048,
        "current_vcpus": 2,
        "elastic": true,
        "floor_memory_mb": null,
        "guest_vcpus": 2,
        "has_virtiomem": false,
        "max_memory_mb": 4096,
        "max_vcpus": 4,
        "min_memory_mb": 1024,
        "min_vcpus": 1,
        "return_memory_mb": null,
        "return_vcpus": null,
        "returns_at": null,
        "room_memory_mb": 2048,
        "room_vcpus": 0,
        "source": "hypervisor",
        "start_memory_mb": 2048,
        "start_vcpus": 2
    }
}
