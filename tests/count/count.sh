#!/bin/bash
# count.sh: instructions per GET and SET, by callgrind, against expected.txt.
# More than 5 % over fails; clearly under says how to write it down.
set -u
cd "$(dirname "$0")/../.." || exit 1
expected=tests/count/expected.txt
passed=0 failed=0
for what in get set; do
    log=build/release/count-$what.log
    if ! valgrind --tool=callgrind --toggle-collect=measured \
        --callgrind-out-file=build/release/count-$what.out build/release/count $what >"$log" 2>&1; then
        cat "$log"
        echo "count: $what did not run"
        failed=$((failed + 1))
        continue
    fi
    now=$(sed -n 's/.*Collected *: *//p' "$log")
    was=$(awk -v what=$what '$1 == what { print $2 }' $expected)
    echo "$what: $((now / 10000)) instructions a command, $now in all; ${was:-nothing} expected"
    if [ -z "$was" ] || [ "$now" -gt $((was * 105 / 100)) ]; then
        echo "count: $what takes over 5 % more than expected. Find out why:"
        echo "    callgrind_annotate build/release/count-$what.out | head -40"
        echo "and if the price is right, write '$what $now' into $expected"
        failed=$((failed + 1))
        continue
    fi
    [ "$now" -ge $((was * 97 / 100)) ] ||
        echo "count: $what got cheaper; keep it so: write '$what $now' into $expected"
    passed=$((passed + 1))
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
