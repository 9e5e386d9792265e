# shellcheck shell=sh
# How `check` prints its results: for people, or as JSON.

separator=

begin() {
    [ "$format" = text ] || printf '{"version": "%s", "checks": [' "$version"
}

# STATE is ok, warning or fail; "absent" is what this server does not have, and need not.
result() { # NAME STATE DETAIL [REMEDY]
    [ "$2" != fail ] || status=1
    if [ "$format" = text ]; then
        printf '%-8s %-11s %s\n' "$2" "$1" "$(printable "$3")"
        [ -z "${4:-}" ] || printf '%-20s %s\n' '' "-> $(printable "$4")"
        return
    fi
    printf '%s\n  {"name": "%s", "state": "%s", "detail": %s, "remedy": %s}' \
        "$separator" "$1" "$2" "$(json "$3")" "$(json "${4:-}")"
    separator=,
}

end() { # ONLINE PRESENT POSSIBLE MEMORY_KIB
    if [ "$format" = text ]; then
        say "CPUs: ${1:-?} online, ${2:-?} present, at most ${3:-?}. Memory: ${4:-?} KiB."
        return
    fi
    printf '\n ],\n "cpus": {"online": %s, "present": %s, "possible": %s},\n' \
        "${1:-null}" "${2:-null}" "${3:-null}"
    printf ' "memory_kib": %s,\n "works": %s}\n' "${4:-null}" \
        "$([ "$status" = 0 ] && echo true || echo false)"
}

# What a machine says can hold anything.
printable() {
    printf '%s' "$1" | tr '\n\t' '  ' | tr -c ' -~' '?'
}

json() {
    if [ -z "$1" ]; then
        printf null
    else
        printf '"%s"' "$(printable "$1" | sed 's/[\\"]/\\&/g')"
    fi
}
