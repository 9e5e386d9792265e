# shellcheck shell=sh
# The QEMU guest agent.

agent_file=$root/etc/qemu/qemu-ga.conf
# What OpenStack does not use: it takes no files and no commands into a guest by the agent.
agent_blocks=guest-exec,guest-exec-status,guest-file-open,guest-file-close,guest-file-read,guest-file-write,guest-file-seek,guest-file-flush,guest-ssh-get-authorized-keys,guest-ssh-add-authorized-keys,guest-ssh-remove-authorized-keys
# Agents before QEMU 7.2 know it by its former name, those of 9.1 and later by the new one alone.
agent_text="# Made by xloud-guest, and removed with it.
[general]
blacklist=$agent_blocks
block-rpcs=$agent_blocks"

# In the family of Red Hat the service has a list of its own.
enable_agent() {
    [ -e "$root/etc/sysconfig/qemu-ga" ] || write_settings "$agent_file" "$agent_text"
}

disable_agent() {
    remove_settings "$agent_file" "$agent_text"
}

restart_agent() {
    [ -z "$root" ] && [ -d /run/systemd/system ] || return 0
    systemctl --quiet is-active qemu-guest-agent.service || return 0
    systemctl restart qemu-guest-agent.service || fail 'cannot restart the guest agent'
}

# Whether the agent may bring CPUs online and take them offline.
agent_may_set_cpus() {
    for file in "$agent_file" "$root/etc/sysconfig/qemu-ga"; do
        [ -r "$file" ] || continue
        blocked=$(grep -E '^[^#]*(block-rpcs|blacklist|BLACKLIST)' "$file")
        allowed=$(grep -E '^[^#]*allow-rpcs' "$file")
        case $blocked in *guest-set-vcpus* | *guest-get-vcpus*) return 1 ;; esac
        [ -z "$allowed" ] || case $allowed in
            *guest-set-vcpus*) ;;
            *) return 1 ;;
        esac
    done
}
