{
    "current_vcpus": 2,
    "when_full": "wait"
}
