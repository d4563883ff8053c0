#!/bin/sh
# What `make image-test` needs of Debian: buildah builds the image, debootstrap makes its base, podman and runc run it.
#
# packages.sh: installs what is not there yet. packages.sh --can: only says whether it could, and if not, why.
set -eu

cannot() {
    printf '\n%s\n%s\n\n' "THE IMAGE IS NOT TESTED HERE: $1" \
        "make image-test needs root on Debian or Ubuntu, and the right to mount and to start containers." >&2
    exit 1
}

[ "$(id -u)" = 0 ] || cannot "only root may make the image's base and mount it"
command -v apt-get > /dev/null || cannot "there is no apt-get, which brings buildah, podman, runc and debootstrap"
unshare --mount true 2> /dev/null || cannot "this root may mount nothing, so no container can be started"
[ "${1:-}" != --can ] || exit 0

missing=
for command in buildah podman runc debootstrap; do
    command -v "$command" > /dev/null || missing="$missing $command"
done
[ -n "$missing" ] || exit 0
echo "Installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2 --option Acquire::Retries=3
# shellcheck disable=SC2086 # one word for each package
apt-get install --quiet=2 --yes --no-install-recommends --option Acquire::Retries=3 --option Dpkg::Use-Pty=0 $missing > /dev/null
