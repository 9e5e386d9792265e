{
    "xloud_history": [
        {
            "cause": "create",
            "end": "%(strtime)sZ",
            "memory_mb": 1024,
            "request_id": "%(request_id)s",
            "start": "%(strtime)sZ",
            "user_id": "%(user_id)s",
            "vcpus": 1
        },
        {
            "cause": "adjustment",
            "end": "%(strtime)sZ",
            "memory_mb": 2048,
            "request_id": "%(request_id)s",
            "start": "%(strtime)sZ",
            "user_id": "%(user_id)s",
            "vcpus": 2
        }
    ]
}
