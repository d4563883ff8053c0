#!/bin/sh
# What `make image-test` needs of Debian: buildah builds the image, debootstrap makes its base, podman and runc run it.
#
# packages.sh: installs what is not there yet. packages.sh --can: only says whether it could, and if not, why; it may
# bring apt's lists up to date for that.
set -eu

cannot() {
    printf '\n%s\n%s\n\n' "THE IMAGE IS NOT TESTED HERE: $1" \
        "make image-test needs root on Debian or Ubuntu with its packages, and the right to mount and to start containers." >&2
    exit 1
}

[ "$(id -u)" = 0 ] || cannot "only root may make the image's base and mount it"
command -v apt-get > /dev/null || cannot "there is no apt-get, which brings buildah, podman, runc and debootstrap"
unshare --mount true 2> /dev/null || cannot "this root may mount nothing, so no container can be started"

missing=
for command in buildah podman runc debootstrap; do
    command -v "$command" > /dev/null || missing="$missing $command"
done
[ -n "$missing" ] || exit 0

export DEBIAN_FRONTEND=noninteractive
apt_install() { # options; what is missing follows: one word for each package
    # shellcheck disable=SC2086
    apt-get install --quiet=2 --yes --no-install-recommends "$@" $missing > /dev/null
}

if [ "${1:-}" != --can ]; then
    echo "Installing$missing" >&2
    apt-get update --quiet=2 --option Acquire::Retries=3
    apt_install --option Acquire::Retries=3 --option Dpkg::Use-Pty=0
elif ! apt_install --simulate 2> /dev/null; then
    # The lists of packages may only be old, or not there yet.
    apt-get update --quiet=2 --option Acquire::Retries=1 --option Acquire::http::Timeout=30 > /dev/null 2>&1 || true
    apt_install --simulate 2> /dev/null || cannot "apt finds no package of$missing, or not what it needs"
fi
