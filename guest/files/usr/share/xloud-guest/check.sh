# shellcheck shell=sh
# What an adjustment needs of this guest.

memory=$root/sys/devices/system/memory

check() {
    # The kernel takes - and _ in names for the same.
    command_line=$(printf ' %s ' "$(line_of "$root/proc/cmdline" | tr '\t' ' ')" |
        sed -e ':name' -e 's/\( [^ =-]*\)-/\1_/' -e 'tname')
    kernel=$(line_of "$root/proc/sys/kernel/osrelease")
    begin
    check_cpu_add
    check_cpu_remove
    check_balloon
    check_virtio_mem
    check_new_memory
    check_agent
    check_next_start
    end "$(count "$cpus/online")" "$(count "$cpus/present")" "$(count "$cpus/possible")" \
        "$(memory_kib)"
}

# The value of a word of the kernel command line, or nothing.
of_command_line() { # NAME
    case $command_line in
        *" $1="*)
            of_value=${command_line##*" $1="}
            say "${of_value%% *}"
            ;;
    esac
}

# Whether the kernel is at least of this version; an unknown one is.
kernel_is() { # MAJOR MINOR
    case $kernel in
        [0-9]*.[0-9]*) ;;
        *) return 0 ;;
    esac
    say "$kernel" | awk -F '[^0-9]+' -v major="$1" -v minor="$2" \
        '{ exit !($1 > major || $1 == major && $2 >= minor) }'
}

udev_brings_online() { # SUBSYSTEM ATTRIBUTE
    subsystem=$1 attribute=$2 names=
    set --
    for folder in etc run usr/local/lib usr/lib lib; do
        for rules in "$root/$folder"/udev/rules.d/*.rules; do
            # The first file of a name hides the others, also as a link to /dev/null.
            case $names in *"/${rules##*/}/"*) continue ;; esac
            names="$names/${rules##*/}/"
            [ ! -f "$rules" ] || set -- "$@" "$rules"
        done
    done
    [ $# -gt 0 ] || return 1
    grep -h -E "^[^#]*SUBSYSTEM==\"$subsystem\"" "$@" 2> /dev/null |
        grep -q -E "ATTR\{$attribute\}=\"(1|online)" ||
        # The rule of Red Hat passes over other subsystems, and has a variable.
        grep -q -s -F "ATTR{$attribute}=\"\$env{.$attribute}\"" "$@"
}

is_installed() {
    [ -e "$changes" ]
}

check_cpu_add() {
    if [ ! -d "$cpus/hotplug" ]; then
        result cpu-add fail 'This kernel cannot add CPUs.' \
            'Boot a kernel of the distribution; its configuration needs CONFIG_HOTPLUG_CPU.'
        return
    fi
    for name in nr_cpus maxcpus possible_cpus nosmp; do
        case $command_line in
            *" $name="* | *" $name "*)
                result cpu-add fail "The kernel command line limits the CPUs with $name." \
                    "Remove $name from the kernel command line, and reboot."
                return
                ;;
        esac
    done
    offline=
    for cpu in "$cpus"/cpu[0-9]*/online; do
        [ "$(line_of "$cpu")" != 0 ] || offline="$offline $(basename "$(dirname "$cpu")")"
    done
    if [ -n "$offline" ]; then
        result cpu-add fail "CPUs were added, or taken offline, and are not in use:$offline." \
            'As root: xloud-guest apply'
    elif ! udev_brings_online cpu online && ! agent_brings_cpus; then
        result cpu-add fail 'An added CPU stays offline.' \
            'Install the package xloud-guest: it has a udev rule for that.'
    elif [ "$(count "$cpus/possible")" = 1 ]; then
        result cpu-add warning 'This kernel sees no place for a second CPU.' \
            'If the flavor allows more: Linux 6.9 and later adds CPUs only under KVM and other hypervisors that it knows.'
    elif ! udev_brings_online cpu online; then
        result cpu-add warning 'An added CPU comes online only when the guest agent answers.' \
            'Install the package xloud-guest: it has a udev rule for that.'
    else
        result cpu-add ok 'An added CPU comes online.'
    fi
}

check_cpu_remove() {
    if [ -d "$cpus/hotplug" ]; then
        result cpu-remove ok 'Each CPU but cpu0 can be released.'
    else
        result cpu-remove fail 'This kernel cannot remove CPUs.' \
            'Boot a kernel of the distribution; its configuration needs CONFIG_HOTPLUG_CPU.'
    fi
}

# The folder of a virtio device in sysfs.
virtio_device() { # ID
    for device in "$root"/sys/bus/virtio/devices/*; do
        [ "$(line_of "$device/device")" = "$1" ] || continue
        say "$device"
        return
    done
}

has_feature() { # DEVICE BIT
    case $(line_of "$1/features" | cut -c "$(($2 + 1))") in 1) return 0 ;; esac
    return 1
}

remedy_of_module() { # MODULE
    blacklist=$(grep -l -s -E "^[[:space:]]*(blacklist|install)[[:space:]]+$1([[:space:]]|\$)" \
        "$root"/etc/modprobe.d/*.conf | head -n 1)
    case ${blacklist:+file}$command_line in
        file*) say "Remove $1 from ${blacklist#"$root"}. As root: modprobe $1" ;;
        *modprobe.blacklist=*"$1"*) say "Remove $1 from modprobe.blacklist on the kernel command line, and reboot." ;;
        *) say "As root: modprobe $1. If there is no such module, boot a kernel of the distribution." ;;
    esac
}

check_balloon() {
    device=$(virtio_device 0x0005)
    if [ -z "$device" ]; then
        result balloon absent 'This server has no balloon device.'
    elif [ ! -e "$device/driver" ]; then
        result balloon fail 'The balloon driver is not loaded: memory cannot be adjusted.' \
            "$(remedy_of_module virtio_balloon)"
    elif ! has_feature "$device" 1; then
        result balloon warning 'The balloon device takes no statistics: the host cannot know how much memory is in use.' \
            'Ask the operator of the cloud to turn memory statistics on.'
    else
        result balloon ok 'The balloon driver returns memory, and reports how much is in use.'
    fi
}

check_virtio_mem() {
    device=$(virtio_device 0x0018)
    if [ -z "$device" ]; then
        result virtio-mem absent 'This server has no virtio-mem device.'
    elif [ -e "$device/driver" ]; then
        result virtio-mem ok 'The virtio-mem driver adds and removes memory.'
    elif ! kernel_is 5 8; then
        result virtio-mem fail "Linux $kernel has no virtio-mem driver." 'Boot Linux 5.8 or later.'
    elif ! kernel_is 5 16; then
        result virtio-mem fail 'The virtio-mem driver is not loaded, or does not know this device.' \
            "$(remedy_of_module virtio_mem) If it does not help, boot Linux 5.16 or later."
    else
        result virtio-mem fail 'The virtio-mem driver is not loaded: memory cannot be added.' \
            "$(remedy_of_module virtio_mem)"
    fi
}

# Settings that only virtio-mem needs are no failure without it.
check_new_memory() {
    failure=fail
    [ -n "$(virtio_device 0x0018)" ] || failure=warning
    blocks=$(line_of "$memory/auto_online_blocks")
    policy=$(line_of "$root/sys/module/memory_hotplug/parameters/online_policy")
    offline=0
    for block in "$memory"/memory*/state; do
        [ "$(line_of "$block")" != offline ] || offline=$((offline + 1))
    done
    case $command_line in
        *' mem='*)
            result new-memory $failure 'The kernel command line limits the memory with mem.' \
                'Remove mem from the kernel command line, and reboot.'
            return
            ;;
    esac
    if [ ! -e "$memory/auto_online_blocks" ]; then
        result new-memory $failure 'This kernel cannot add memory.' \
            'Boot a kernel of the distribution; its configuration needs CONFIG_MEMORY_HOTPLUG.'
    elif [ $offline -gt 0 ]; then
        result new-memory fail "Memory was added and is not in use: $offline blocks are offline." \
            'As root: xloud-guest apply'
    elif [ "$blocks" = offline ] && udev_brings_online memory state; then
        result new-memory warning 'Only udev brings added memory online, which can come too late.' \
            'As root: xloud-guest apply'
    elif [ "$blocks" = offline ]; then
        result new-memory $failure 'Added memory stays offline.' \
            "$(remedy_of_memory)"
    elif [ "$blocks" = online_movable ]; then
        result new-memory warning 'Programs alone can use added memory: if much more is added than there was, the kernel runs out.' \
            "$(remedy_of_memory)"
    elif [ "$blocks" = online_kernel ]; then
        result new-memory warning 'Added memory cannot be removed again: it comes online as memory of the kernel.' \
            "$(remedy_of_memory)"
    elif [ -z "$policy" ]; then
        result new-memory warning 'Added memory may not be removable: this kernel has no policy for it.' \
            'Boot Linux 5.15 or later.'
    elif [ "$policy" != auto-movable ]; then
        result new-memory warning "Added memory may not be removable: its policy is $policy." \
            "$(remedy_of_memory)"
    else
        result new-memory ok 'Added memory comes online, and can be removed again.'
    fi
}

remedy_of_memory() {
    if is_installed; then
        say 'As root: xloud-guest apply'
    else
        say 'Install the package xloud-guest. As root: xloud-guest apply'
    fi
}

agent_runs() {
    grep -q -s -x qemu-ga "$root"/proc/[0-9]*/comm
}

has_agent_channel() {
    for port in "$root"/sys/class/virtio-ports/*/name; do
        [ "$(line_of "$port")" != org.qemu.guest_agent.0 ] || return 0
    done
    return 1
}

agent_brings_cpus() {
    has_agent_channel && agent_runs && agent_may_set_cpus
}

check_agent() {
    if ! has_agent_channel; then
        result agent absent 'This server was created without hw_qemu_guest_agent=yes. Adjustments work without it.'
    elif ! agent_runs; then
        result agent warning 'The guest agent does not run. Adjustments work without it, but Linux may be slow to release CPUs.' \
            'Install the package qemu-guest-agent. As root: systemctl start qemu-guest-agent'
    elif ! agent_may_set_cpus; then
        result agent warning 'The guest agent must not set CPUs.' \
            'Allow guest-get-vcpus and guest-set-vcpus in /etc/qemu/qemu-ga.conf or /etc/sysconfig/qemu-ga.'
    else
        result agent ok 'The guest agent runs.'
    fi
}

check_next_start() {
    other= absent=
    for word in $words; do
        value=$(of_command_line "${word%%=*}")
        case $value in
            "${word#*=}") ;;
            '') absent="$absent $word" ;;
            *) [ "${word%%=*}" = swiotlb ] || other="$other ${word%%=*}=$value" ;;
        esac
    done
    if [ -n "$other" ]; then
        result next-start warning "The kernel command line has another value than xloud-guest:$other." \
            'Remove it, unless it is on purpose. As root: xloud-guest disable; xloud-guest enable'
    elif [ -z "$absent" ]; then
        result next-start ok 'The kernel command line has all settings.'
    elif is_installed; then
        result next-start warning "The kernel command line does not have yet:$absent." \
            "Reboot. If that does not help, the boot loader is not known: add these words to the kernel command line."
    else
        result next-start warning "The kernel command line does not have:$absent." \
            'Install the package xloud-guest.'
    fi
}
