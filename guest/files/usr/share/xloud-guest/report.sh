# shellcheck shell=sh
# How `check` prints its results: for people, as JSON, or as properties of an image.

separator=
states=

begin() {
    [ "$format" != json ] || printf '{"version": "%s", "checks": [' "$version"
}

# STATE is ok, warning or fail; "absent" is what this server does not have, and need not.
result() { # NAME STATE DETAIL [REMEDY]
    [ "$2" != fail ] || status=1
    states="$states $1=$2"
    [ "$format" != properties ] || return 0
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
    if [ "$format" = properties ]; then
        declare_vcpus
        declare_memory
        return
    fi
    if [ "$format" = text ]; then
        say "CPUs: ${1:-?} online, ${2:-?} present, at most ${3:-?}. Memory: ${4:-?} KiB."
        return
    fi
    printf '\n ],\n "cpus": {"online": %s, "present": %s, "possible": %s},\n' \
        "${1:-null}" "${2:-null}" "${3:-null}"
    printf ' "memory_kib": %s,\n "works": %s}\n' "${4:-null}" \
        "$([ "$status" = 0 ] && echo true || echo false)"
}

# A server with room for a single CPU does not show whether its guest takes another. A kernel that
# cannot remove CPUs cannot add them either.
declare_vcpus() {
    case $states in
        *' cpu-add=fail'*) say os_elastic_vcpus=no ;;
        *' cpu-add=warning'*) [ "$(count "$cpus/possible")" = 1 ] || say os_elastic_vcpus=yes ;;
        *) say os_elastic_vcpus=yes ;;
    esac
}

# Nothing is said without a device that a driver could be for.
declare_memory() {
    means=
    case $states in *' balloon=ok'* | *' balloon=warning'*) means=balloon ;; esac
    case $states in
        *' virtio-mem=ok'*' new-memory=fail'*) ;;
        *' virtio-mem=ok'*) means=${means:+$means,}virtio-mem ;;
    esac
    case $states in
        *' balloon=absent virtio-mem=absent'*) ;;
        *) say "os_elastic_memory=${means:-no}" ;;
    esac
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
