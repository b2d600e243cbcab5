# bans.awk bans.txt -: finds what is banned in lines "file:line:code" of strip.awk.
BEGIN { FS = "\t" }
FILENAME ~ /bans\.txt$/ { if (!/^#/) { files[++n] = $1; what[n] = "(^|[^.>_a-zA-Z0-9])" $2; except[n] = $3; why[n] = $4 } next }
{
    match($0, /^[^:]*:[0-9]+:/)
    at = substr($0, 1, RLENGTH); code = substr($0, RLENGTH + 1); file = at; sub(/:.*/, "", file)
    for (i = 1; i <= n; i++)
        if (code ~ what[i] && file ~ files[i] && (except[i] == "-" || file !~ except[i]))
            print at " " why[i] ":" code
}
