#!/bin/bash
# lint.sh: what a reader could check, checked by machine in under 10 seconds.
# Each check prints what it found as file:line: what, and is one test.
set -u
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
mapfile -t src < <(find src -name '*.[ch]' | sort)
mapfile -t all < <(find src tests redis-compat -name '*.[ch]' | sort)
mapfile -t tracked < <(git ls-files --cached --others --exclude-standard 2>/dev/null)
tracked_existing=()
for f in "${tracked[@]}"; do [ -f "$f" ] && tracked_existing+=("$f"); done

# check NAME COMMAND...: passes if the command prints nothing and ends with 0.
check() {
    local name=$1 found status
    shift
    found=$("$@" 2>&1)
    status=$?
    if [ $status -eq 0 ] && [ -z "$found" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\n' "lint: $name" "${found:-(nothing printed, status $status)}"
    fi
}

layers() { awk -f tests/lint/layers.awk tests/lint/layers.txt "${src[@]}"; }

lengths() { awk -f tests/lint/lengths.awk "${all[@]}"; }

bans() { awk -f tests/lint/strip.awk "${all[@]}" | awk -f tests/lint/bans.awk tests/lint/bans.txt -; }

unfinished() { grep -HnEi '\b(TODO|FIXME|XXX|HACK|for now|not implemented)\b' "${src[@]}"; [ $? -eq 1 ]; }

unique_names() { printf '%s\n' "${all[@]##*/}" | sort | uniq -d | sed 's/$/: two files have this name/'; }

ideas() { # a file begins with a comment that says its idea
    local f
    for f in "${all[@]}"; do
        read -r first <"$f"
        case $first in '/* '*) ;; *) echo "$f:1: begins without a comment that says the idea" ;; esac
    done
}

guards() { # HENGE_FOLDER_FILE_H
    local f guard
    for f in $(printf '%s\n' "${src[@]}" | grep '\.h$'); do
        guard=${f#src/}
        guard=HENGE_$(tr 'a-z/.' 'A-Z__' <<<"$guard")
        grep -q "^#ifndef $guard\$" "$f" || echo "$f: its guard is not $guard"
    done
}

globals() { # a variable at file level, or static in a function, that is not const
    local code
    code=$(awk -f tests/lint/strip.awk $(printf '%s\n' "${src[@]}" | grep '\.c$'))
    {
        grep -E ':[0-9]+:(static )?(_Thread_local )?(unsigned |signed |volatile )*(struct [a-z_]+|enum [a-z_]+|[a-z_0-9]+)[ *]+[a-z_0-9]+(\[[^]]*\])*( =.*|;)$' <<<"$code"
        grep -E ':[0-9]+: +static [^(]*(=|;)' <<<"$code"
    } | grep -vE ':[0-9]+: *(static )?const |:(return|else|struct [a-z_]+;|enum [a-z_]+;)|\* *const |extern' |
        sed 's/$/    <- a mutable global/'
}

stops() { # README's `src/folder/file.c: function` exist
    local stop file function
    grep -oE '`(src|tests)/[A-Za-z0-9_/.-]+: *[a-z_0-9]+`' README.md | tr -d '`' | sort -u |
        while IFS=': ' read -r file function; do
            grep -qE "^[a-z].*\b$function\(" "$file" 2>/dev/null || echo "README.md: $file has no $function()"
        done
    grep -oE '`(src|tests|docs|deps)/[A-Za-z0-9_/.-]+`' README.md docs/*.md | while IFS=: read -r page file; do
        file=${file//\`/}
        [ -e "$file" ] || echo "$page: there is no $file"
    done
}

paths() { # of somebody's own machine
    grep -nIE '(^|[^A-Za-z0-9_.-])/(home|root|wor[k]|Users)/|\.\./shar[e]d' "${tracked_existing[@]}"
    [ $? -eq 1 ]
}

files() {
    local f
    for f in README.md LICENSE henge.conf Makefile .ci/run docs/formats.md docs/operations.md docs/decisions.md; do
        [ -f "$f" ] || echo "$f is missing"
    done
}

layout() {
    clang-format-14 --dry-run -Werror --ferror-limit=1 "${all[@]}" 2>&1 | grep 'error:' |
        sed 's/ error: .*/ make format would change it/'
}

sources_listed() { # deps/README.md's rows are packages
    local set
    for set in build test bench compat oracle; do
        awk -v set="$set" '/^## / { on = $0 == "## " set } on && /^\| [a-z]/ && !/^\| package/ { n++ } END { exit n == 0 }' \
            deps/README.md || echo "deps/README.md has no packages under '## $set'"
    done
}

check "layers" layers
check "lengths" lengths
check "bans" bans
check "unfinished work" unfinished
check "unique file names" unique_names
check "idea comments" ideas
check "header guards" guards
check "mutable globals" globals
check "stops and paths in README.md and docs" stops
check "paths of this machine" paths
check "files that must exist" files
check "package lists" sources_listed
check "clang-format" layout
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
