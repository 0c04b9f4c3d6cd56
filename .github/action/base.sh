#!/usr/bin/env bash
# What the check compares with: finds the base of the change that the event is about, and fetches it if the checkout does not
# have it. Says `range` for `weighbridge check --diff`, empty to check everything, and `commits`, the commits of the change as
# `weighbridge check --history` takes them, empty if they are not to be looked at one by one.
#
# The policy is read from the base, so a base that the change could choose would be a way around the gate. Where an event has
# one and it cannot be had, that is an error and not a check of everything: then the change would be judged by its own policy.
set -euo pipefail
# shellcheck source=.github/action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

everything() {
    notice "Checking everything: $*."
    output base ''
    output range ''
    output commits ''
    exit 0
}

is_id() { [[ $1 =~ ^([0-9a-f]{40}|[0-9a-f]{64})$ ]]; }

# Whether a commit is here, after asking the origin for it if it was not. It comes with the credentials that the checkout left,
# if any; a shallow clone stays as shallow as it is.
have() {
    is_id "$1" || return 1
    git cat-file -e "$1^{commit}" 2>/dev/null && return
    local depth=()
    [ "$(git rev-parse --is-shallow-repository)" != true ] || depth=(--depth=1)
    echo "fetching $1"
    GIT_TERMINAL_PROMPT=0 git fetch --quiet --no-tags --no-recurse-submodules --no-write-fetch-head \
        ${depth[@]+"${depth[@]}"} origin "$1" 2>"$errors" || true
    git cat-file -e "$1^{commit}" 2>/dev/null
}

# What the origin calls `$1`: the commit of a branch, or else of a tag.
named() {
    GIT_TERMINAL_PROMPT=0 git ls-remote --quiet origin "refs/heads/$1" "refs/tags/$1^{}" "refs/tags/$1" 2>"$errors" |
        awk 'NR == 1 { id = $1; tag = /refs\/tags\// } tag && /\^\{\}$/ { id = $1 } END { print id }'
}

# A partial clone has only what was checked out. What the check reads besides is fetched here, since the program itself asks no
# network: the policy of the base, and what the changed files were before.
complete() {
    git config --get-regexp '^remote\..*\.promisor$' >/dev/null || return 0
    echo "fetching what this partial clone lacks"
    local place
    for place in weighbridge.yaml .weighbridge.yaml .github/weighbridge.yaml weighbridge.lock; do
        git cat-file -e "$1:$place" 2>/dev/null || true
    done
    GIT_TERMINAL_PROMPT=0 git diff --no-ext-diff --no-textconv --stat "$1" HEAD >/dev/null 2>"$errors" || true
}

is_shallow() { [ "$(git rev-parse --is-shallow-repository)" = true ]; }

# The commits of the change, from BASE to TIP, are what the whole history says: where a shallow clone ends, commits of the base would
# be taken for the change's. Says in `remark` what is not looked at.
remark=''
commits() {
    local range=$1..$2
    [ "$INPUT_HISTORY" != false ] || return 0
    # What one commit adds, no later one removes.
    [ "${EVENT_PULL_COMMITS:-}" != 1 ] || return 0
    if is_shallow; then
        if [ "$INPUT_HISTORY" = auto ]; then
            remark=" The commits of the change are not here (\`fetch-depth: 0\` brings them): what one of them adds and a later one removes is not looked at."
            return 0
        fi
        echo "fetching the history"
        GIT_TERMINAL_PROMPT=0 git fetch --quiet --no-tags --no-recurse-submodules --no-write-fetch-head --unshallow origin 2>"$errors" || true
        if is_shallow; then
            [ ! -s "$errors" ] || show "$errors"
            die "The commits of the change are not in this checkout and could not be fetched, and \`history\` is true." \
                "Let actions/checkout fetch them with \`fetch-depth: 0\`."
        fi
    fi
    git rev-parse -q --verify "$2^{commit}" >/dev/null || return 0
    if git config --get-regexp '^remote\..*\.promisor$' >/dev/null; then
        GIT_TERMINAL_PROMPT=0 git log --no-ext-diff --no-textconv --stat "$range" >/dev/null 2>"$errors" || true
    fi
    output commits "$range"
}

# against COMMIT DOTS WHY [TIP]: three dots begin where the change left its base, which takes a history to find; two compare the
# trees. TIP is the last commit of the change.
against() {
    complete "$1"
    commits "$1" "${4:-HEAD}"
    notice "Checking what has changed since $1: $3.$remark"
    output base "$1"
    output range "$1$2HEAD"
    exit 0
}

# Since its base, as far as the history that is here goes.
since() {
    local dots=...
    ! is_shallow || dots=..
    against "$1" "$dots" "$2"
}

not_to_be_had() {
    [ ! -s "$errors" ] || show "$errors"
    die "$1 is not in this checkout and could not be fetched. Let actions/checkout fetch it with \`fetch-depth: 2\`" \
        "(or 0), or keep its credentials with \`persist-credentials: true\`."
}

nothing_of_the_change() {
    die "$1 is checked out, which is the base itself: nothing of the change would be checked." \
        "Check out the change, or run on \`pull_request\`, whose default checkout is its merge."
}

enter
case $INPUT_HISTORY in auto | true | false) ;; *) die "\`history\` is one of auto, true, false" ;; esac
# What is in a commit is what it says, whatever the repository would put in its place.
export GIT_NO_REPLACE_OBJECTS=1
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
base=${INPUT_BASE:-auto}
event=${GITHUB_EVENT_NAME:-}

if ! git rev-parse --is-inside-work-tree >/dev/null 2>"$errors"; then
    [ -n "$(ls -A)" ] ||
        die "the folder is empty: put a step with actions/checkout before this one"
    case $base:$event in
    none:* | auto:schedule | auto:workflow_dispatch) everything "this is no git repository" ;;
    esac
    show "$errors"
    die "git cannot read this checkout, so there is nothing to compare with. Use actions/checkout with git on the" \
        "runner, or check everything with \`base: none\`."
fi
head=$(git rev-parse -q --verify 'HEAD^{commit}') ||
    die "nothing is checked out here: put a step with actions/checkout before this one"

case $base in
auto) ;;
none) everything "\`base: none\`" ;;
-*) die "\`base\` is no branch, tag or commit" ;;
*)
    commit=$base
    is_id "$base" || commit=$(git rev-parse -q --verify "refs/remotes/origin/$base^{commit}" ||
        git rev-parse -q --verify "$base^{commit}") || commit=$(named "$base")
    have "$commit" || not_to_be_had "The base \`$base\`"
    [ "$commit" != "$head" ] || nothing_of_the_change "$commit"
    since "$commit" "\`base: $base\`"
    ;;
esac

case $event in
pull_request | pull_request_review | pull_request_review_comment)
    # GitHub's merge of the change into its base, which is the default checkout: its first parent is the very base it was merged
    # into. Only if it is that commit: the parents of any other are the author's to choose.
    if [ "$head" = "${GITHUB_SHA:-}" ]; then
        parents=()
        while IFS= read -r parent; do parents+=("$parent"); done < <(
            # From the commit itself: where a shallow clone ends, git shows no parents.
            git cat-file commit HEAD | sed -n -e '/^$/q' -e 's/^parent //p'
        )
        if [ "${#parents[@]}" = 2 ] && [ "${parents[1]}" = "$EVENT_PULL_HEAD" ]; then
            have "${parents[0]}" || not_to_be_had "The base ${parents[0]}"
            against "${parents[0]}" .. "the base that the pull request is merged into" "$EVENT_PULL_HEAD"
        fi
    fi
    have "$EVENT_PULL_BASE" || not_to_be_had "The base $EVENT_PULL_BASE"
    [ "$EVENT_PULL_BASE" != "$head" ] || nothing_of_the_change "$head"
    since "$EVENT_PULL_BASE" "the base of the pull request"
    ;;
pull_request_target)
    warning "pull_request_target runs with the rights of the base repository. Weighbridge only reads the files;" \
        "let no other step of this job run anything of the change, or use \`pull_request\`, which needs no rights."
    have "$EVENT_PULL_BASE" || not_to_be_had "The base $EVENT_PULL_BASE"
    { [ "$head" != "$EVENT_PULL_BASE" ] && [ "$head" != "${GITHUB_SHA:-}" ]; } || nothing_of_the_change "$head"
    since "$EVENT_PULL_BASE" "the base of the pull request"
    ;;
merge_group)
    have "$EVENT_QUEUE_BASE" || not_to_be_had "The base $EVENT_QUEUE_BASE"
    [ "$EVENT_QUEUE_BASE" != "$head" ] || nothing_of_the_change "$head"
    against "$EVENT_QUEUE_BASE" .. "the base of the merge group"
    ;;
push)
    case ${GITHUB_REF:-} in refs/heads/*) ;; *) everything "what is pushed is no branch" ;; esac
    if [[ $EVENT_BEFORE =~ ^0*$ ]]; then
        # A new branch: what it brings over the default branch.
        [ "$GITHUB_REF" != "refs/heads/$EVENT_DEFAULT_BRANCH" ] || everything "the branch is new"
        base=$(named "$EVENT_DEFAULT_BRANCH")
        have "$base" || everything "the branch is new, and the default branch could not be fetched"
        [ "$base" != "$head" ] || everything "the branch is new and is where $EVENT_DEFAULT_BRANCH is"
        since "$base" "the branch is new, so it is compared with $EVENT_DEFAULT_BRANCH"
    fi
    have "$EVENT_BEFORE" || everything "what the branch was before the push ($EVENT_BEFORE) is no longer to be had"
    [ "$EVENT_BEFORE" != "$head" ] || everything "what is checked out is what the branch was before the push"
    against "$EVENT_BEFORE" .. "what the branch was before the push"
    ;;
*) everything "the event \`$event\` is about no change" ;;
esac
