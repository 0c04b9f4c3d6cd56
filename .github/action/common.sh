# shellcheck shell=bash
# What the steps of the action share. Written for bash 3.2, which is what macOS has.

# Text as the data of a workflow command: it cannot end the command or begin another.
escaped() {
    local text=$1
    text=${text//'%'/%25}
    text=${text//$'\r'/%0D}
    text=${text//$'\n'/%0A}
    printf '%s' "$text"
}
notice() { printf '::notice title=weighbridge::%s\n' "$(escaped "$*")"; }
warning() { printf '::warning title=weighbridge::%s\n' "$(escaped "$*")"; }
# The job could not be done: the code that the program itself has for that.
die() {
    printf '::error title=weighbridge::%s\n' "$(escaped "$*")"
    exit 2
}

random() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# output NAME VALUE: a value of several lines cannot forge another output, since nobody can guess where it ends.
output() {
    local mark
    mark=weighbridge_$(random)
    printf '%s<<%s\n%s\n%s\n' "$1" "$mark" "$2" "$mark" >>"$GITHUB_OUTPUT"
}

# Shows a file in the log; nothing in it is taken for a workflow command.
show() {
    local mark
    mark=weighbridge_$(random)
    printf '::stop-commands::%s\n' "$mark"
    cat -- "$1"
    printf '\n::%s::\n' "$mark"
}

# Goes where the user wants to be.
enter() {
    cd -- "${GITHUB_WORKSPACE:-.}" || die "there is no workspace"
    cd -- "${INPUT_WORKING_DIRECTORY:-.}" 2>/dev/null ||
        die "there is no folder \`$INPUT_WORKING_DIRECTORY\` in the workspace: mend \`working-directory\`, or check the repository out first"
    # A change can make a link of it: what is written here would go elsewhere.
    case $(pwd -P)/ in
    "$(cd -- "${GITHUB_WORKSPACE:-.}" && pwd -P)"/*) ;;
    *) die "\`$INPUT_WORKING_DIRECTORY\` (\`working-directory\`) leads out of the workspace" ;;
    esac
}

# flag NAME VALUE: whether an input is true.
flag() {
    case $2 in
    true) return 0 ;;
    false) return 1 ;;
    *) die "\`$1\` is true or false" ;;
    esac
}

# Each line that is not empty becomes an item of `items`.
lines() {
    items=()
    local line
    while IFS= read -r line || [ -n "$line" ]; do
        line=${line%$'\r'}
        [ -z "$line" ] || items+=("$line")
    done <<<"$1"
}
