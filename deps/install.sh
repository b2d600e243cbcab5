#!/bin/sh
# Installs the Debian packages of the sets named (build, test, bench, compat; build if
# none is), as listed in deps/README.md.  Asks dpkg alone when all are there.
set -eu
list=$(dirname "$0")/README.md

packages() { # the first column of the table under "## $1"
    awk -v set="$1" -F'|' '/^## / { on = $0 == "## " set }
        on && /^\|/ && $2 !~ /^ *package *$/ && $2 !~ /^-+$/ { gsub(/ /, "", $2); print $2 }' "$list"
}

wanted=
for set in "${@:-build}"; do
    case $set in
    build | test | bench | compat) ;;
    *) echo "deps/install.sh: there is no set '$set', only build, test, bench and compat" >&2 && exit 2 ;;
    esac
    wanted="$wanted $(packages "$set" | tr '\n' ' ')"
done

command -v dpkg-query >/dev/null || {
    echo "deps/install.sh: this is not Debian; install by hand what these packages hold:$wanted" >&2
    exit 1
}

missing() { # those of $wanted nobody installed or provides
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
        sed -n 's/^installed //p' | tr -d ' ' | tr ',' '\n' | sed 's/(.*//')
    for p in $wanted; do
        printf '%s\n' "$installed" | grep -qx "$p" || echo "$p"
    done
}

lacking=$(missing | tr '\n' ' ')
[ -n "$lacking" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
    echo "deps/install.sh: packages are missing and only root may install them. Please run:" >&2
    echo "    sudo apt-get update && sudo apt-get install --no-install-recommends $lacking" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
install() {
    # shellcheck disable=SC2086 # a list, to be split
    apt-get install -y -q --no-install-recommends $lacking
}
echo "installing: $lacking"
# The package lists may be absent or so old that files they name are gone.
[ -n "$(apt-cache policy $lacking | grep -F 'Candidate: ' | grep -vF '(none)')" ] && install ||
    { apt-get update -q && install; }
lacking=$(missing | tr '\n' ' ')
[ -z "$lacking" ] || { echo "deps/install.sh: still missing: $lacking" >&2 && exit 1; }
