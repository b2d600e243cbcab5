#!/bin/bash
# tidy.sh FILES: clang-tidy on each, remembered under build/tidy/ by a hash of
# the file, the headers it includes and the configuration, so that only what
# changed is looked at again.  Each file is one test.
set -u
cd "$(dirname "$0")/../.." || exit 1
mkdir -p build/tidy
[ $# -gt 0 ] || { echo "tidy.sh: which files?" >&2 && exit 2; }

one() {
    local file=$1 defines=-DHENGE_DEBUG seen headers
    local except=
    case $file in tests/sim/*) defines="$defines -DHENGE_PLANTED" ;; esac
    # Tests without the analyzer, which takes fifteen times as long as the rest and follows
    # no assertion of theirs; what it would find, make check-asan does by running them.
    case $file in tests/* | redis-compat/*) except=--checks=-clang-analyzer-* ;; esac
    # Ours only: the system's headers change with the packages, and then rarely matter.
    headers=$(gcc -std=c11 -D_GNU_SOURCE $defines -Isrc -Itests -MM "$file" 2>/dev/null |
        tr ' ' '\n' | grep -E '^(src|tests|redis-compat)/' | sort)
    seen=build/tidy/$( (cat .clang-tidy tests/lint/tidy.sh; echo "$file"; cat "$file" ${headers:-}) | sha256sum | cut -c1-40)
    [ -e "$seen" ] && return 0
    clang-tidy-14 --quiet $except "$file" -- -std=c11 -D_GNU_SOURCE $defines -Isrc -Itests >"$seen.$$" 2>&1
    if [ $? -eq 0 ] && ! grep -qE '(warning|error):' "$seen.$$"; then
        mv "$seen.$$" "$seen"
        return 0
    fi
    grep -vE '^[0-9]+ warnings? (treated|generated)' "$seen.$$"
    rm -f "$seen.$$"
    echo "tidy: $file failed"
    return 1
}
export -f one
printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -n 1 bash -c 'one "$1"' one >build/tidy/last 2>&1
find build/tidy -type f -mtime +30 -delete
grep -v '^tidy: .* failed$' build/tidy/last
failed=$(grep -c '^tidy: .* failed$' build/tidy/last)
echo "$(($# - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
