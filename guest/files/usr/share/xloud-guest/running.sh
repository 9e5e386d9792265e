# shellcheck shell=sh
# What changes a system: its settings for the next start, and its running kernel.

enable() {
    was_enabled=no
    [ ! -e "$changes" ] || was_enabled=yes
    mkdir -p "$state" && touch "$changes" || { fail "cannot write $changes"; return; }
    enable_boot
    enable_agent
    enable_hooks
}

disable() {
    was_enabled=no
    [ ! -e "$changes" ] || was_enabled=yes
    disable_boot
    disable_agent
    disable_hooks
    forget
}

put() { # VALUE FILE
    [ -e "$2" ] && [ "$(line_of "$2")" != "$1" ] || return 0
    if { say "$1" > "$2"; } 2> /dev/null; then
        say "${2#"$root"}: $1"
    else
        fail "cannot write $1 to $2"
    fi
}

load_drivers() {
    [ -z "$root" ] || return 0
    for device in /sys/bus/virtio/devices/*; do
        [ ! -e "$device/driver" ] || continue
        case $(line_of "$device/device") in
            0x0005) module=virtio_balloon ;;
            0x0018) module=virtio_mem ;;
            *) continue ;;
        esac
        modprobe "$module" || fail "cannot load $module"
    done
}

apply() {
    # The policy first: it holds for what comes online after it.
    put auto-movable "$root/sys/module/memory_hotplug/parameters/online_policy"
    put online "$root/sys/devices/system/memory/auto_online_blocks"
    load_drivers
    for block in "$root"/sys/devices/system/memory/memory*/state; do
        [ "$(line_of "$block")" != offline ] || put online "$block"
    done
    for cpu in "$root"/sys/devices/system/cpu/cpu[0-9]*/online; do
        put 1 "$cpu"
    done
    [ -n "$root" ] || [ ! -e /run/udev/control ] || udevadm control --reload
    restart_agent
}
