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
}
