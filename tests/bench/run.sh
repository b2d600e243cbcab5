#!/bin/sh
# Behind `make bench`: measures, writes tests/bench/RESULTS.md.  QUICK=1 takes 3 minutes.
set -eu
cd "$(dirname "$0")/../.."
exec python3 tests/bench/bench.py ${QUICK:+--quick} "$@"
