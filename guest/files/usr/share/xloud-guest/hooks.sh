# shellcheck shell=sh
# The programs of an operator that run after this guest got another size.

hooks=$root/etc/xloud-guest/resized.d
looks=$root/run/xloud-guest
timer=xloud-guest-resized.timer
units=/usr/lib/systemd/system
timer_link=$root/etc/systemd/system/timers.target.wants/$timer

enable_hooks() {
    make_folder "$hooks"
    [ -d "$root/etc/systemd/system" ] || return 0
    make_folder "$(dirname "$timer_link")"
    ln -sf "$units/$timer" "$timer_link" || { fail "cannot make $timer_link"; return; }
    # Where it is masked, no program is to run.
    is_masked || manage start
}

disable_hooks() {
    [ -L "$timer_link" ] || return 0
    manage stop
    rm -f "$timer_link" || fail "cannot remove $timer_link"
}

is_masked() {
    [ -z "$root" ] || return 1
    case $(systemctl is-enabled "$timer" 2> /dev/null) in masked*) ;; *) return 1 ;; esac
}

manage() { # VERB
    [ -z "$root" ] && [ -d /run/systemd/system ] || return 0
    # Its start may have to wait, for the time of a server that does not answer.
    systemctl daemon-reload && systemctl --no-block "$1" "$timer" || fail "cannot $1 $timer"
}

# No event says that the balloon has another size, so this is called every few seconds. Two
# looks in a row have to see the same: a change may come in many steps.
resized() {
    now="$(count "$cpus/online") $(memory_kib)"
    mkdir -p "$looks" || { fail "cannot make $looks"; return; }
    seen=$(line_of "$looks/seen")
    last=$(line_of "$looks/last")
    say "$now" > "$looks/seen"
    if [ -z "$last" ]; then
        # At a start the memory comes in steps, and the CPUs do not.
        last="${now% *} unknown"
        say "$last" > "$looks/last"
    fi
    [ "$now" = "$seen" ] && [ "$now" != "$last" ] || return 0
    # First: this process ends with a program that takes too long, and it is not to run again.
    { say "$now" > "$looks/last"; } 2> /dev/null || { fail "cannot write $looks/last"; return; }
    [ "${last#* }" != unknown ] || last="${last% *} ${now#* }"
    [ "$now" = "$last" ] || run_hooks
}

run_hooks() {
    export XLOUD_CPUS="${now% *}" XLOUD_MEMORY_KIB="${now#* }"
    export XLOUD_CPUS_BEFORE="${last% *}" XLOUD_MEMORY_KIB_BEFORE="${last#* }"
    for hook in "$hooks"/*; do
        case ${hook##*/} in
            # What editors and package managers leave is not run.
            *[!A-Za-z0-9_-]*) continue ;;
        esac
        [ -f "$hook" ] && [ -x "$hook" ] || continue
        "$hook" < /dev/null || fail "$hook failed with $?"
    done
}
