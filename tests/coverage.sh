#!/bin/bash
# coverage.sh [fuzz]: lines of src/ that the unit tests reach, or that the
# committed fuzz corpora do, by file, the least covered first.
set -eu
cd "$(dirname "$0")/.."
what=${1:-unit}
names() { make -s --no-print-directory "names-$1"; }
make --no-print-directory -j2 VARIANT=coverage "$([ "$what" = fuzz ] && echo fuzzers || echo units)" >/dev/null
find build/coverage -name '*.gcda' -delete
if [ "$what" = fuzz ]; then
    for target in $(names FUZZ); do
        find "tests/fuzz/corpus/$target" -type f -exec "build/coverage/fuzz/$target" {} + >/dev/null
    done
else
    for unit in $(names UNITS); do
        "build/coverage/unit/${unit}_test" >"build/coverage/unit/$unit.log" 2>&1 || tail -n 20 "build/coverage/unit/$unit.log"
    done
fi
find build/coverage/src -name '*.gcda' -exec gcov -n -r -s src {} + 2>/dev/null | tr -d "'" |
    awk '/^File / { file = $2 }
        /^Lines executed/ && file ~ /\.c$/ {
            split($0, n, /[:% ]+/); printf "%6.1f %% of %5d lines  src/%s\n", n[3], n[5], file
            hit += n[3] * n[5]; all += n[5]
        }
        /^Lines executed/ { file = "" }
        END { if (all) printf "%6.1f %% of %5d lines  in all\n", hit / all, all }' | sort -n
