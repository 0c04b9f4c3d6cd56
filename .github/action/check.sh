#!/usr/bin/env bash
# Runs the check and tells GitHub what came of it: annotations, a job summary, SARIF, the outputs, and the code of the step.
#
# Names in the repository are hostile until proven otherwise. The program escapes what it says; what it says to the log is shown
# with workflow commands switched off all the same, and outputs carry nothing but numbers, fixed words and paths of our own.
set -euo pipefail
# shellcheck source=.github/action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# How often the report has a finding of this level. Quotes within a string are escaped in JSON, so no name can be counted.
count() { { grep -oE "\"level\": ?\"$1\"" "$json" || true; } | wc -l | tr -d ' '; }

enter
case $INPUT_FAIL_ON in refused | warnings | never) ;; *) die "\`fail-on\` is one of refused, warnings, never" ;; esac
folder=$(mktemp -d "${RUNNER_TEMP:?}/weighbridge.XXXXXX")
json=$folder/weighbridge.json
sarif=${INPUT_SARIF:-$folder/weighbridge.sarif}
arguments=(check --output "json=$json" --output "sarif=$sarif" --output "plain=$folder/report.txt")
[ -z "$INPUT_CATEGORY" ] || arguments+=("--sarif-category=$INPUT_CATEGORY")
if flag submodules "$INPUT_SUBMODULES"; then arguments+=(--recurse-submodules); fi
# What is said on standard output is for GitHub, or for nobody: the report for people is shown below.
if flag annotations "$INPUT_ANNOTATIONS"; then
    arguments+=(--format github)
    exec 3>&1
else
    exec 3>/dev/null
fi
if flag summary "$INPUT_SUMMARY"; then arguments+=(--output "markdown=$folder/summary.md"); fi
[ -z "$BASE_RANGE" ] || arguments+=(--diff "$BASE_RANGE")
[ -z "$INPUT_POLICY" ] || arguments+=(--policy "$INPUT_POLICY")
[ -z "$INPUT_ORGANISATION_POLICY" ] || arguments+=(--organisation-policy "$INPUT_ORGANISATION_POLICY")
lines "$INPUT_REPORTS"
for report in ${items[@]+"${items[@]}"}; do
    case $report in ?*=?*) arguments+=(--output "$report") ;; *) die "\`reports\`: a line is FORMAT=FILE, not \`$report\`" ;; esac
done
lines "$INPUT_PATHS"
named=${#items[@]}
for path in ${items[@]+"${items[@]}"}; do arguments+=("--only=$path"); done

code=0
"$PROGRAM" "${arguments[@]}" >&3 2>"$folder/stderr" || code=$?
[ ! -s "$folder/stderr" ] || show "$folder/stderr"
case $code in
0) outcome=clean ;;
1) outcome=refused ;;
3) outcome=nothing ;;
*) outcome=unable ;;
esac
# What a commit of the change brings and a later one removes was said by a step of its own.
if [ "$COMMITS_REFUSED" = true ] && [ "$outcome" != unable ]; then outcome=refused; fi
output outcome "$outcome"
if [ "$outcome" = unable ]; then
    printf '::error title=weighbridge::%s\n' "$(escaped "The check could not be done: $(head -c 2000 "$folder/stderr")")"
    exit 2
fi

refused=$(count deny) warnings=$(count warn)
output findings "$((refused + warnings))"
output refused "$refused"
output warnings "$warnings"
output json "$json"
output sarif "$sarif"
printf '::group::%s\n' "weighbridge: $refused refused, $warnings warnings"
show "$folder/report.txt"
printf '::endgroup::\n'
if [ "$INPUT_SUMMARY" = true ]; then
    # One byte over a mebibyte and GitHub shows none of it. The program keeps below; this is for what other steps may add.
    if [ "$(wc -c <"$folder/summary.md")" -lt 1000000 ]; then
        cat "$folder/summary.md" >>"$GITHUB_STEP_SUMMARY"
    else
        printf '## weighbridge: %s\n\n%d refused, %d warnings: too many to show here. The log and the SARIF file have them.\n' \
            "$outcome" "$refused" "$warnings" >>"$GITHUB_STEP_SUMMARY"
    fi
fi

if [ "$outcome" = nothing ] && [ -z "$BASE_RANGE" ]; then
    [ "$named" = 0 ] ||
        { [ "$INPUT_FAIL_ON" = never ] || { printf '::error title=weighbridge::%s\n' "There is nothing to check at \`paths\`."; exit 3; }; }
    notice "There is no model file and no Python here: nothing was checked."
fi
case $INPUT_FAIL_ON in
never) exit 0 ;;
warnings) [ "$warnings" = 0 ] || exit 1 ;;
esac
[ "$outcome" != refused ] || exit 1
