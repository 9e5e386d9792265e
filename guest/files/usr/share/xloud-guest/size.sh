# shellcheck shell=sh
# How many CPUs and how much memory this guest has.

cpus=$root/sys/devices/system/cpu

# A number as JSON has it, or nothing.
number() {
    case $1 in
        0) say 0 ;;
        '' | 0* | *[!0-9]* | ????????????????*) ;;
        *) say "$1" ;;
    esac
}

# How many CPUs a list like 0-3,8 has, or nothing.
count() { # FILE
    line_of "$1" | awk -F , '
        !/^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$/ || length($0) > 1000 { exit }
        {
            for (i = 1; i <= NF; i++) {
                n = split($i, ends, "-")
                last = n > 1 ? ends[2] : ends[1]
                if (length(last) > 6 || last + 0 < ends[1] + 0) exit
                total += last - ends[1] + 1
            }
            print total
        }'
}

memory_kib() {
    number "$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' "$root/proc/meminfo" 2> /dev/null)"
}
