#!/bin/sh
# Behind `make compat`.
exec python3 "$(dirname "$0")/run.py" "$@"
