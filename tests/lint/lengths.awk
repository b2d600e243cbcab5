# lengths.awk FILES: files have at most 600 lines, functions 60, none over 100
# columns.  clang-format puts the braces around a function's body alone in the
# first column, so a body is what stands between them; its signature counts one.
# Exempt, each with its reason: a file whose first comment, within 12 lines, has
# "lint: rows: WHY"; a pure switch or table below "lint: long: WHY".
function bad(at, what) { print name ":" at ": " what; failed = 1 }
function file_end() { if (lines > 600 && !rows) bad(1, "the file has " lines " lines, 600 are allowed") }
FNR == 1 { if (NR > 1) file_end(); rows = 0; exempt = 0; body = 0; name = FILENAME }
{ lines = FNR }
FNR <= 12 && /lint: rows: [^ ]/ { rows = 1 }
/lint: long: [^ ]/ { exempt = 1 }
length($0) > 100 { bad(FNR, length($0) " columns, 100 are allowed") }
/^{$/ { body = FNR }
/^}/ {
    if (body && !exempt && FNR - body + 2 > 60) bad(body - 1, "the function has " FNR - body + 2 " lines, 60 are allowed")
    body = 0; exempt = 0
}
END { file_end(); exit failed }
