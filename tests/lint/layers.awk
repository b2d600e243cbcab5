# layers.awk layers.txt src/...: every #include of src/ is one its folder may make.
FILENAME ~ /layers\.txt$/ { if (/^[^#]/) { n = split($0, w, /[: ]+/); for (i = 2; i <= n; i++) may[w[1], w[i]] = 1; known[w[1]] = 1 } next }
FNR == 1 { split(FILENAME, part, "/"); folder = part[2]; if (!known[folder]) bad("src/" folder " is not in layers.txt") }
/^[ \t]*#[ \t]*include/ {
    name = $0; sub(/^[^<"]*[<"]/, "", name); sub(/[>"].*/, "", name)
    if (/</) { if (!may["*", "<" name ">"] && !may[folder, "<" name ">"] && !may[folder, "<anything>"]) bad(folder " may not include <" name ">") }
    else if (split(name, to, "/") < 2) bad("write \"folder/" name "\"")
    else if (to[1] != folder && !may[folder, to[1]]) bad(folder " may not include " to[1] "/")
}
function bad(what) { print FILENAME ":" FNR ": " what; failed = 1 }
END { exit failed }
