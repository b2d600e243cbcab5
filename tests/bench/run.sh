#!/bin/sh
# Behind `make bench`: measures, writes tests/bench/RESULTS.md.  QUICK=1 takes 4 minutes.
set -eu
cd "$(dirname "$0")/../.."
python3 tests/bench/bench.py ${QUICK:+--quick} "$@"
exec python3 tests/bench/engine.py ${QUICK:+--quick}
