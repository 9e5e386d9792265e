{
    "cancel": true
}
