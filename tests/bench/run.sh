#!/bin/sh
# Behind `make bench`: measures, writes tests/bench/RESULTS.md.  QUICK=1 takes about ten minutes.
set -eu
cd "$(dirname "$0")/../.."
python3 tests/bench/bench.py ${QUICK:+--quick} "$@"
python3 tests/bench/engine.py ${QUICK:+--quick}
python3 tests/bench/http_bench.py ${QUICK:+--seconds 2 --soak 5 --output build/bench/RESULTS.md}
python3 tests/bench/idle.py ${QUICK:+--seconds 0.4 --rounds 3 --output build/bench/RESULTS.md}
python3 tests/bench/expiry.py ${QUICK:+--seconds 4 --keys 300000 --output build/bench/RESULTS.md}
exec python3 tests/bench/start.py ${QUICK:+--gib 1 --output build/bench/RESULTS.md}
