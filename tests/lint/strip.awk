# strip.awk FILES: prints "file:line:code" without comments and what stands in
# quotes, so that searches find code alone.
FNR == 1 { comment = 0 }
{
    line = $0; out = ""
    while (line != "") {
        if (comment) {
            if (!(i = index(line, "*/"))) break
            line = substr(line, i + 2); comment = 0; out = out " "
        } else if (match(line, /\/\*|\/\/|"([^"\\]|\\.)*"|'([^'\\]|\\.)+'/)) {
            token = substr(line, RSTART, 2)
            out = out substr(line, 1, RSTART - 1)
            if (token == "//") { line = ""; break }
            if (token == "/*") { comment = 1; line = substr(line, RSTART + 2) }
            else { out = out substr(line, RSTART, 1) substr(line, RSTART, 1); line = substr(line, RSTART + RLENGTH) }
        } else { out = out line; line = "" }
    }
    if (out !~ /^[ \t]*$/) print FILENAME ":" FNR ":" out
}
