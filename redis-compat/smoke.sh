#!/bin/sh
# The part of `make compat` that `make check` has time for.
exec python3 "$(dirname "$0")/run.py" --smoke "$@"
