#!/usr/bin/env bash
# Looks at the commits of the change one by one: what one of them adds and a later one removes is no part of what the change comes to,
# and is in the history of whatever takes its commits as they are. The policy is that of the base, as for the change.
#
# A step of its own, because GitHub keeps ten annotations of a kind for each. Says `refused`, which is for the check to act on.
set -euo pipefail
# shellcheck source=.github/action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

output refused false
[ -n "$CHANGE_COMMITS" ] || exit 0
enter
folder=$(mktemp -d "${RUNNER_TEMP:?}/weighbridge.XXXXXX")
arguments=(check "--history=$CHANGE_COMMITS" --output "json=$folder/commits.json" --output "plain=$folder/commits.txt" --format concise)
if [ -n "$INPUT_POLICY" ]; then
    arguments+=(--policy "$INPUT_POLICY")
else
    arguments+=(--policy-from "$BASE_COMMIT")
fi
[ -z "$INPUT_ORGANISATION_POLICY" ] || arguments+=(--organisation-policy "$INPUT_ORGANISATION_POLICY")
lines "$INPUT_PATHS"
for path in ${items[@]+"${items[@]}"}; do arguments+=("--only=$path"); done
code=0
"$PROGRAM" "${arguments[@]}" >/dev/null 2>"$folder/stderr" || code=$?
case $code in
0 | 1 | 3) ;;
*)
    show "$folder/stderr"
    said="The commits of the change could not be checked: $(head -c 2000 "$folder/stderr")"
    [ "$INPUT_HISTORY" != true ] || die "$said"
    # The check of what they come to follows, and fails if it cannot be done either.
    warning "$said"
    exit 0
    ;;
esac
# Quotes within a string are escaped in JSON, so no name is taken for this.
if [ "$code" != 1 ] || ! grep -qE '"gone": ?true' "$folder/commits.json"; then exit 0; fi
said="A commit of this change adds what is refused, and a later one removes it: it stays in the history unless the change is squashed."
said="$said \`weighbridge check --history=$CHANGE_COMMITS\` shows it, and so does the log of this step."
if [ "$INPUT_HISTORY" = true ]; then
    output refused true
    printf '::error title=weighbridge::%s\n' "$(escaped "$said")"
else
    warning "$said"
fi
printf '::group::%s\n' "weighbridge: the commits of the change"
show "$folder/commits.txt"
printf '::endgroup::\n'
