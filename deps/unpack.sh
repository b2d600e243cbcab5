#!/bin/sh
# Unpacks the packages of deps/README.md's "oracle", the distribution's redis-server
# among them, into build/redis/ without installing them, and prints the path of a script
# that runs it.  Does nothing but print when they are there, as listed.
set -eu
cd "$(dirname "$0")/.."
to=$PWD/build/redis
run=$to/redis-server
packages=$(awk -F'|' '/^## / { on = $0 == "## oracle" }
    on && /^\|/ && $2 !~ /^ *package *$/ && $2 !~ /^-+$/ { gsub(/ /, "", $2); print $2 }' deps/README.md)
[ -x "$run" ] && [ "$(cat "$to/unpacked" 2>/dev/null)" = "$packages" ] && echo "$run" && exit 0
mkdir -p "$to/packages" "$to/root"
fetch() {
    # shellcheck disable=SC2086 # a list, to be split
    (cd "$to/packages" && apt-get download -q $packages) >"$to/download.log" 2>&1
}
fetch || { [ "$(id -u)" -eq 0 ] && apt-get update -q >&2 && fetch; } || {
    cat "$to/download.log" >&2
    echo "deps/unpack.sh: cannot download $packages (as root, apt-get update first)" >&2
    exit 1
}
for deb in "$to"/packages/*.deb; do
    dpkg -x "$deb" "$to/root"
done

libs=$(dirname "$(find "$to/root/usr/lib" -name 'libjemalloc.so.2')")
cat >"$run.new" <<END
#!/bin/sh
LD_LIBRARY_PATH=$libs\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH} exec $to/root/usr/bin/redis-server "\$@"
END
chmod +x "$run.new"
"$run.new" --version >"$to/version" 2>&1 || {
    cat "$to/version" >&2
    echo "deps/unpack.sh: the unpacked server does not run" >&2
    exit 1
}
mv "$run.new" "$run"
echo "$packages" >"$to/unpacked"
echo "$run"
