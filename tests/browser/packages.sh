#!/bin/sh
# What tests/browser need of Debian: chromium, with windows and without. Installs what is missing, or says why the tests will skip; in CI they fail then.
set -eu

command -v chromium > /dev/null && command -v chromium-headless-shell > /dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "NO BROWSER IS TESTED HERE: there is no chromium, and only root on Debian or Ubuntu can install it" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing chromium" >&2
apt-get install --quiet=2 --yes --no-install-recommends chromium chromium-headless-shell > /dev/null 2>&1 && exit 0
apt-get update --quiet=2 --option Acquire::Retries=3
apt-get install --quiet=2 --yes --no-install-recommends --option Acquire::Retries=3 --option Dpkg::Use-Pty=0 chromium chromium-headless-shell > /dev/null
