# shellcheck shell=sh
# The kernel command line, as boot loaders keep it.

# memhp_default_state: added memory is used at once; udev can be late when memory grows fast.
# online_policy: added memory can be removed again, as far as the rest can still manage it.
# swiotlb: 8 MiB of bounce buffers instead of 64, which a small minimum cannot spare.
words='memhp_default_state=online memory_hotplug.online_policy=auto-movable swiotlb=4096'

grub_file=$root/etc/default/grub.d/zz-xloud-guest.cfg
grub_text="# Made by xloud-guest, and removed with it.
for xloud_word in $words; do
    case \" \$(printf %s \"\${GRUB_CMDLINE_LINUX:-} \${GRUB_CMDLINE_LINUX_DEFAULT:-}\" | tr '\t-' ' _')\" in
        *\" \${xloud_word%%=*}=\"*) ;;
        *) GRUB_CMDLINE_LINUX=\"\${GRUB_CMDLINE_LINUX:+\$GRUB_CMDLINE_LINUX }\$xloud_word\" ;;
    esac
done
unset xloud_word"

# Command lines in files: the one for new kernels, and the entries of systemd-boot and of GRUB in
# the family of Red Hat.
files_of_boot() {
    for file in "$root/etc/kernel/cmdline" "$root"/boot/loader/entries/*.conf \
        "$root"/efi/loader/entries/*.conf "$root"/boot/efi/loader/entries/*.conf; do
        case $file in
            *"$tab"* | *'
'*) ;;
            *) [ ! -f "$file" ] || say "$file" ;;
        esac
    done
}

kind_of() {
    case $1 in
        *.conf) say entry ;;
        *) say cmdline ;;
    esac
}

grub_reads_folder() {
    [ -d "$root/etc/default/grub.d" ] ||
        grep -q -s default/grub.d "$root/usr/sbin/grub-mkconfig" "$root/usr/sbin/grub2-mkconfig"
}

update_grub() {
    [ -z "$root" ] || return 0
    for name in grub grub2; do
        [ -f "/boot/$name/grub.cfg" ] && command -v "$name-mkconfig" > /dev/null || continue
        "$name-mkconfig" -o "/boot/$name/grub.cfg" > /dev/null 2>&1 && continue
        say "$name-mkconfig failed. Fix the cause, then: $name-mkconfig -o /boot/$name/grub.cfg"
    done
}

# The words of the command lines in a file, between spaces.
words_in() { # FILE
    case $(kind_of "$1") in
        entry) words_sed='s/^options[[:space:]]//p' ;;
        cmdline) words_sed='/^[[:space:]]*#/!p' ;;
    esac
    words_text=$(sed -n "$words_sed" "$1" | tr -d '\000' | tr '\t\r\n' '   ')
    case $words_text in
        # Entries of Red Hat 8 have those of all kernels elsewhere.
        *'$kernelopts'*)
            environment=$root/boot/grub2/grubenv
            words_text="$words_text $(sed -n 's/^kernelopts=//p' "$environment" 2> /dev/null)"
            ;;
    esac
    printf ' %s ' "$words_text"
}

# Our words for which a text has no value. The kernel takes - and _ in names for the same.
missing_in() { # TEXT
    missing_text=$(printf '%s' "$1" | tr - _)
    for word in $words; do
        case $missing_text in
            *" ${word%%=*}="*) ;;
            *) printf '%s ' "$word" ;;
        esac
    done
}

present_in() { # TEXT WORDS
    for word in $2; do
        case $1 in *" $word "*) printf '%s ' "$word" ;; esac
    done
}

last_line() { # FILE
    case $(kind_of "$1") in
        entry) awk '/^options[ \t]/ { last = NR } END { print last + 0 }' "$1" ;;
        cmdline) awk '!/^[ \t\r]*(#|$)/ { last = NR } END { print last + 0 }' "$1" ;;
    esac
}

# Our words in a file. One that was made later has those of the line for new kernels, or of others.
added_to() { # FILE
    for file in "$1" "$root/etc/kernel/cmdline"; do
        ! is_recorded words "$file" || { recorded_words "$file"; return; }
    done
    awk -F "$tab" '$1 == "words" { print $3 }' "$changes" | tr ' ' '\n' | sort -u | tr '\n' ' '
}

# A space at the end of each line makes the last word like the others.
without_words() { # FILE WORDS KIND
    without_sed='s/$/ /'
    for word in $2; do
        without_sed="$without_sed
s/ $(say "$word" | sed 's/\./\\./g')\\([[:space:]]\\)/\\1/"
    done
    case $3 in
        entry) address='/^options[[:space:]]/' ;;
        cmdline) address='/^[[:space:]]*#/!' ;;
    esac
    sed "$address{
$without_sed
s/ \$//
}" "$1"
}

add_words() { # FILE
    text=$(words_in "$1")
    missing=$(missing_in "$text")
    if ! is_recorded words "$1"; then
        # A file that was made since then has our words from the command line of its time.
        ours=
        [ $was_enabled = no ] || ours=$(present_in "$text" "$(added_to "$1")")
        record words "$1" "$ours" || return
    fi
    line=$(last_line "$1")
    [ -n "$missing" ] && [ "$line" -gt 0 ] || return 0
    new=$(mktemp) && before=$(mktemp) || { fail 'cannot make a temporary file'; return; }
    sed "${line}s/[[:space:]]*\$/ ${missing% }&/" "$1" > "$new"
    without_words "$new" "$missing" "$(kind_of "$1")" > "$before"
    if ! cmp -s "$1" "$before"; then
        fail "cannot change $1 so that it can be undone; it is as it was"
    elif record words "$1" "${missing% }"; then
        replace "$1" "$new"
    fi
    rm -f "$new" "$before"
}

remove_words() { # FILE
    ours=$(added_to "$1")
    new=$(mktemp) || { fail 'cannot make a temporary file'; return; }
    if ! without_words "$1" "$ours" "$(kind_of "$1")" > "$new"; then
        fail "cannot read $1"
    elif ! cmp -s "$1" "$new"; then
        replace "$1" "$new"
    fi
    rm -f "$new"
}

enable_boot() {
    is_known=no
    if grub_reads_folder; then
        is_known=yes
        write_settings "$grub_file" "$grub_text"
        update_grub
    fi
    while IFS= read -r file; do
        [ -n "$file" ] || continue
        # The line for new kernels says nothing of who starts them.
        [ "$(kind_of "$file")" = cmdline ] || is_known=yes
        add_words "$file"
    done << END
$(files_of_boot)
END
    [ $is_known = yes ] ||
        say "xloud-guest does not know this boot loader. Add to the kernel command line: $words"
}

disable_boot() {
    while IFS= read -r file; do
        [ -z "$file" ] || [ $was_enabled = no ] || remove_words "$file"
    done << END
$(files_of_boot)
END
    [ -e "$grub_file" ] || return 0
    remove_settings "$grub_file" "$grub_text"
    update_grub
}
