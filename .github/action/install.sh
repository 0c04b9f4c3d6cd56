#!/usr/bin/env bash
# Gets the program: one that is given, one that is installed in the right version, the release's, or one built from the sources
# that came with the action. Says `program`, its path.
#
# A checksum that lies beside the archive proves no more than that the two came from one place. So an archive is only used if
# its digest is known from elsewhere, in this order:
#   1. `checksum`, which the user has pinned in the workflow;
#   2. checksums.txt beside this script, which came with the action and is as good as the pin of the action;
#   3. the attestation that the release workflow signed: it binds the archive to this repository, that workflow and the tag.
# An archive that nothing vouches for is not fetched: then the program is built. One whose digest is wrong is never passed over:
# it stops the run.
set -euo pipefail
# shellcheck source=.github/action/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
action=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
temp=${RUNNER_TEMP:?}

use() {
    local said
    said=$("$1" -V 2>/dev/null) || die "\`$1\` does not run on this machine"
    echo "$said, $2"
    output program "$1"
    exit 0
}
is_version() { [ "$("$1" -V 2>/dev/null)" = "weighbridge $version" ]; }

own=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$action/Cargo.toml" | head -n 1)
version=${INPUT_VERSION#v}
version=${version:-$own}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$ ]] || die "\`version\` is no version: $version"
install=${INPUT_INSTALL:-auto}
case $install in auto | release | source) ;; *) die "\`install\` is one of auto, release, source" ;; esac

if [ -n "$INPUT_BINARY" ]; then
    cd -- "${GITHUB_WORKSPACE:-.}"
    [ -f "$INPUT_BINARY" ] || die "there is no file \`$INPUT_BINARY\` (\`binary\`)"
    binary=$(cd -- "$(dirname -- "$INPUT_BINARY")" && pwd)/$(basename -- "$INPUT_BINARY")
    [ -z "$INPUT_VERSION" ] || is_version "$binary" || die "\`$INPUT_BINARY\` is not weighbridge $version"
    use "$binary" "given by \`binary\`"
fi

case ${RUNNER_OS:-}-${RUNNER_ARCH:-} in
Linux-X64) target=x86_64-unknown-linux-musl ;;
Linux-ARM64) target=aarch64-unknown-linux-musl ;;
macOS-X64) target=x86_64-apple-darwin ;;
macOS-ARM64) target=aarch64-apple-darwin ;;
Windows-X64) target=x86_64-pc-windows-msvc ;;
*) target='' ;;
esac
suffix=''
kind=tar.gz
case ${RUNNER_OS:-} in Windows) suffix=.exe kind=zip ;; esac

if [ "$install" = auto ] && found=$(command -v weighbridge) && is_version "$found"; then
    use "$found" "which was installed"
fi
home=$temp/weighbridge-$version
if is_version "$home/bin/weighbridge$suffix"; then
    use "$home/bin/weighbridge$suffix" "from a step before"
fi

digest() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi <"$1" | cut -d ' ' -f 1
}

unpack() {
    case $kind in
    zip) unzip -q "$1" -d "$home" || return ;;
    *) tar -xzf "$1" -C "$home" || return ;;
    esac
    mv "$home/weighbridge-$target" "$home/bin"
}

# Says why not if there is no release to be had; stops the run if there is one that must not be used.
release() {
    local name=weighbridge-$target.$kind expected vouched
    [ -n "$target" ] || { echo "there is no release for ${RUNNER_OS:-this} ${RUNNER_ARCH:-machine}"; return 1; }
    [ -n "$ACTION_REPOSITORY" ] || { echo "the action is not used from a repository that has releases"; return 1; }
    expected=$INPUT_CHECKSUM
    [ -n "$expected" ] || expected=$(awk -v name="v$version/$name" '$2 == name { print $1 }' "$action/.github/action/checksums.txt")
    if [ -n "$expected" ]; then
        [[ $expected =~ ^[0-9a-f]{64}$ ]] || die "\`checksum\` is no SHA-256 digest in lower-case hexadecimal"
        vouched="its digest is the pinned one"
    elif command -v gh >/dev/null && [ -n "$INPUT_TOKEN" ]; then
        vouched="its attestation is valid"
    else
        echo "nothing would vouch for the release: there is no pinned checksum, and no gh with a token to read its attestation"
        return 1
    fi
    archive=$temp/$name
    curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 3 --max-time 300 --output "$archive" \
        "${GITHUB_SERVER_URL:-https://github.com}/$ACTION_REPOSITORY/releases/download/v$version/$name" || {
        echo "the release v$version could not be fetched"
        return 1
    }
    if [ -n "$expected" ]; then
        [ "$(digest "$archive")" = "$expected" ] ||
            die "$name of v$version has the SHA-256 digest $(digest "$archive") and must have $expected: it is not used"
    else
        GH_TOKEN=$INPUT_TOKEN gh attestation verify "$archive" --repo "$ACTION_REPOSITORY" \
            --signer-workflow "$ACTION_REPOSITORY/.github/workflows/release.yml" --source-ref "refs/tags/v$version" ||
            die "the attestation of $name of v$version could not be verified: it is not used." \
                "Pin its \`checksum\`, or build with \`install: source\`."
    fi
    rm -rf "$home"
    mkdir -p "$home"
    unpack "$archive" || die "$name of v$version cannot be unpacked"
    rm -f "$archive"
    echo "fetched $name of v$version: $vouched"
}

if [ "$install" != source ]; then
    if release; then use "$home/bin/weighbridge$suffix" "from the release"; fi
    [ "$install" = auto ] || die "there is no release of weighbridge $version that can be used here"
fi

[ "$version" = "$own" ] ||
    die "the sources that came with the action are of $own, not of $version: use the action of that version, or pin the" \
        "\`checksum\` of its release"
command -v cargo >/dev/null ||
    die "there is no cargo to build weighbridge with. Install Rust before this step, or pin the \`checksum\` of a release."
echo "building weighbridge $version from the sources of the action"
# In the folder of the action: cargo and rustup obey files of the folder they are called in, and the checkout is not trusted.
cd "$action"
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$temp/weighbridge-target} \
    cargo install --locked --quiet --path . --bin weighbridge --root "$home" --force
use "$home/bin/weighbridge$suffix" "built from the sources of the action"
