#!/bin/bash
# suite.sh NAME: one of the suites behind make check, check-asan, check-tsan,
# fuzz, compat, sim-planted and count; ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.." || exit 1
. tests/stages.sh
unset STREAM

names() { make -s --no-print-directory "names-$1"; }

# build VARIANT TARGET...: warnings are errors.
build() {
    local variant=$1 jobs=-j2
    shift
    case ${MAKEFLAGS:-} in *jobserver*) jobs= ;; esac
    make --no-print-directory $jobs VARIANT="$variant" WERROR=-Werror "$@"
}

export -f build

# must NAME SECONDS COMMAND...: a stage the others make no sense without.
must() {
    stage "$@" || { stages_end; exit 1; }
}

# units VARIANT [WRAPPER]
units() {
    local unit
    for unit in $(names UNITS); do
        stage "unit/$unit" 120 ${2:-} "build/$1/unit/${unit}_test" --short-filename
    done
}

# systems VARIANT [WRAPPER]: the real binary on ports of its own, by programs that start and kill it.
systems() {
    local program script
    for program in $(names SYSTEM); do
        stage "system/$program" 60 ${2:-} "build/$1/system/$program"
    done
    for script in tests/system/*.py; do
        case $script in */harness.py | */history.py) continue ;; esac
        program=${script##*/}
        case $script in */idle.py) # 10,000 connections, and what they take
            [ -z "${2:-}" ] || { stage_skip system/idle "measures memory, which sanitizers change"; continue; } ;;
        esac
        stage "system/${program%.py}" 90 ${2:-} python3 "$script" "build/$1/henge-server"
    done
}

suite_check() {
    must packages 300 deps/install.sh build test
    stage lint 10 make -s lint
    must build/release 120 build release all tests
    must build/debug 120 build debug units
    must build/sim 60 build sim sims
    stage tidy 360 make -s tidy
    units debug
    stage sim 90 build/sim/henge-sim --seeds 200 --file tests/sim/seeds.txt
    stage arc 30 build/sim/arc-model --seeds 500
    systems release
    stage clients 60 redis-compat/smoke.sh
}

suite_asan() {
    must packages 300 deps/install.sh build test
    must build/asan 180 build asan all units
    must build/sim-asan 120 build sim-asan sims
    units asan tests/sanitized.sh
    stage system/bad_input 120 tests/sanitized.sh python3 tests/system/bad_input.py build/asan/henge-server
    stage system/bad_files 120 tests/sanitized.sh python3 tests/system/bad_files.py build/asan/henge-server
    stage sim 180 tests/sanitized.sh build/sim-asan/henge-sim --seeds 100 --file tests/sim/seeds.txt
    stage arc 60 tests/sanitized.sh build/sim-asan/arc-model --seeds 200
}

suite_tsan() {
    must packages 300 deps/install.sh build test
    must build/tsan 120 build tsan all systems
    systems tsan tests/sanitized.sh
}

suite_fuzz() {
    local target corpus seconds=${FUZZ_SECONDS:-30}
    must packages 300 deps/install.sh build test
    must build/fuzz 120 build fuzz fuzzers
    for target in $(names FUZZ); do
        corpus=build/fuzz/corpus/$target # what it finds is not committed by itself
        mkdir -p "$corpus"
        stage "fuzz/$target" $((seconds + 20)) "build/fuzz/fuzz/$target" -max_total_time="$seconds" \
            -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/fuzz/$target-" \
            "$corpus" "tests/fuzz/corpus/$target"
    done
}

suite_planted() {
    must packages 300 deps/install.sh build test
    must build/sim 60 build sim sims
    stage planted 240 build/sim/henge-sim --planted-all
    stage planted/arc 120 build/sim/arc-model --planted-all
}

suite_compat() {
    must packages 300 deps/install.sh build test compat
    must build/release 120 build release all clients
    stage compat 420 redis-compat/run.sh
}

suite_count() {
    must packages 300 deps/install.sh build test
    must build/release 120 build release counter
    stage count 60 tests/count/count.sh
}

case ${1:-} in
check | asan | tsan | fuzz | planted | compat | count) ;;
*) echo "suite.sh: there is no suite '${1:-}'" >&2 && exit 2 ;;
esac
stages_begin "$1"
"suite_$1"
stages_end
