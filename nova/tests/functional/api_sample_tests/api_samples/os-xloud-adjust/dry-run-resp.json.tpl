{
    "dry_run": {
        "code": null,
        "outcome": "in_place",
        "reason": null
    }
}
