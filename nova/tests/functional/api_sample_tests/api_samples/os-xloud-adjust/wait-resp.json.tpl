{
    "adjust": {
        "state": "waiting"
    }
}
