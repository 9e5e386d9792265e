# shellcheck shell=sh
# Changes of files that can be undone. Each is recorded before it is made:
#   folder PATH          a folder that was made
#   words PATH WORDS     words that were added to a command line

changes=$state/changes
tab=$(printf '\t')

record() { # KIND FILE [WORDS]
    mkdir -p "$state" && printf '%s\t%s\t%s\n' "$1" "${2#"$root"}" "${3:-}" >> "$changes" && return
    fail "cannot write $changes"
    return 1
}

is_recorded() { # KIND FILE
    grep -q -F "$1$tab${2#"$root"}$tab" "$changes" 2> /dev/null
}

recorded_words() { # FILE
    awk -F "$tab" -v path="${1#"$root"}" '$1 == "words" && $2 == path { print $3 }' "$changes" |
        tr '\n' ' '
}

make_folder() {
    [ -d "$1" ] || { make_folder "$(dirname "$1")" && record folder "$1" && mkdir "$1"; }
}

# Puts a new text in the place of a file, or leaves the file as it is.
replace() { # FILE NEW
    target=$(readlink -f "$1") && cp -p "$target" "$target.xloud-guest" &&
        cat "$2" > "$target.xloud-guest" && mv -f "$target.xloud-guest" "$target" &&
        say "changed $1" && return
    rm -f "${target:-$1}.xloud-guest"
    fail "cannot change $1; it is as it was"
}

write_settings() { # FILE TEXT
    if [ -e "$1" ]; then
        is_ours "$1" "$2" || say "kept $1, which is not from xloud-guest"
    elif make_folder "$(dirname "$1")" && printf '%s\n' "$2" > "$1.xloud-guest" &&
        mv -f "$1.xloud-guest" "$1"; then
        say "made $1"
    else
        rm -f "$1.xloud-guest"
        fail "cannot write $1"
    fi
}

remove_settings() { # FILE TEXT
    if [ ! -e "$1" ]; then
        :
    elif ! is_ours "$1" "$2"; then
        say "kept $1, which is not from xloud-guest or was changed"
    elif rm -f "$1"; then
        say "removed $1"
    else
        fail "cannot remove $1"
    fi
}

is_ours() { # FILE TEXT
    printf '%s\n' "$2" | cmp -s "$1" -
}

# Removes the folders that were made, and the record. It stays if something could not be undone.
forget() {
    [ -e "$changes" ] && [ $status = 0 ] || return 0
    sort -r "$changes" | while IFS=$tab read -r kind path _; do
        [ "$kind" != folder ] || rmdir "$root$path" 2> /dev/null
    done
    rm -f "$changes"
    rmdir "$state" 2> /dev/null || :
}
