# stages.sh: runs stages one after another and counts what they say.
#
# Sourced by bash scripts.  A stage's counts are what its programs print:
# Criterion's "Synthesis" lines, or "N passed, N failed[, N skipped]" lines; one
# that prints none is one test.  Its output goes to a log, shown if it fails.

stages_passed=0 stages_failed=0 stages_skipped=0

# stages_begin NAME: logs go to build/stages/NAME/.
stages_begin() {
    stages_logs=build/stages/$1
    rm -rf "$stages_logs"
    mkdir -p "$stages_logs"
}

# Prints "passed failed skipped", or nothing, for a log.  If the last line is a
# sum, it stands for all the others.
stages_counts() {
    sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        function plain(line) { return line ~ /^([a-z]+: )?[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ }
        function take(line) { # numbers, in the order passed failed skipped
            sub(/^[a-z]+: /, "", line); gsub(/[^0-9 ]/, "", line); split(line, n, / +/)
            return 1
        }
        NF && !/^make(\[[0-9]+\])?: / { last = $0 }
        plain($0) && take($0) { p += n[1]; f += n[2]; s += n[3]; any = 1 }
        /Synthesis: Tested:/ {
            any = 1
            match($0, /Passing: *[0-9]+/); p += substr($0, RSTART + 8, RLENGTH - 8)
            match($0, /Failing: *[0-9]+/); f += substr($0, RSTART + 8, RLENGTH - 8)
            match($0, /Crashing: *[0-9]+/); f += substr($0, RSTART + 9, RLENGTH - 9)
        }
        END {
            if (plain(last) && take(last)) { p = n[1]; f = n[2]; s = n[3] }
            if (any) print p + 0, f + 0, s + 0
        }'
}

# stage NAME SECONDS COMMAND...: warns when it takes longer, ends and fails it at
# twice as long.  With STREAM=1 its output is shown as it comes.
stage() {
    local name=$1 limit=$2 log=$stages_logs/${1//\//-}.log begin=$EPOCHREALTIME
    local status took counts passed failed skipped
    shift 2
    # timeout runs programs; a function, which must be exported, goes by way of one.
    [ "$(type -t "$1")" != function ] || set -- bash -c '"$@"' stage "$@"
    if [ -n "${STREAM:-}" ]; then
        echo "== $name"
        timeout -k 10 $((limit * 2)) "$@" 2>&1 </dev/null | tee "$log"
        status=${PIPESTATUS[0]}
    else
        timeout -k 10 $((limit * 2)) "$@" >"$log" 2>&1 </dev/null
        status=$?
    fi
    took=$(((${EPOCHREALTIME/[.,]/} - ${begin/[.,]/}) / 100000))
    counts=$(stages_counts "$log")
    [ -n "$counts" ] || [ $status -ne 0 ] || counts="1 0 0"
    read -r passed failed skipped <<<"${counts:-0 0 0}"
    [ $status -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    stages_passed=$((stages_passed + passed))
    stages_failed=$((stages_failed + failed))
    stages_skipped=$((stages_skipped + skipped))
    if [ "$failed" -gt 0 ]; then
        [ -n "${STREAM:-}" ] || { echo "---- $name: the end of $log" && tail -n 60 "$log"; }
        [ $status -ne 124 ] && [ $status -ne 137 ] ||
            echo "---- $name was ended after $((limit * 2)) s, twice its time"
    fi
    printf '%-6s %-24s %6d passed %s%s(%d.%d s)\n' "$([ "$failed" -gt 0 ] && echo FAILED || echo ok)" \
        "$name" "$passed" "$([ "$failed" -eq 0 ] || echo "$failed failed ")" \
        "$([ "$skipped" -eq 0 ] || echo "$skipped skipped ")" $((took / 10)) $((took % 10))
    [ $took -le $((limit * 10)) ] || echo "WARNING: $name took longer than its $limit s"
    [ "$failed" -eq 0 ]
}

# stage_skip NAME REASON: something that cannot be run here.
stage_skip() {
    stages_skipped=$((stages_skipped + 1))
    printf '%-6s %-24s %s\n' skip "$1" "$2"
}

# Prints the sum; its status is the script's.
stages_end() {
    local skipped=
    [ $stages_skipped -eq 0 ] || skipped=", $stages_skipped skipped"
    echo "$stages_passed passed, $stages_failed failed$skipped"
    [ $stages_failed -eq 0 ]
}
