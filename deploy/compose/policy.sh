#!/bin/sh
# The contact policy of docker-compose.yml: Harmonia's for HARMONIA_REGIME to begin with. From then on the console publishes another
# one in its place, or somebody changes it by hand, and it stays as it is.
#
# sh policy.sh DEFAULT FOLDER: writes FOLDER/policy.toml.
set -eu
mkdir -p "$2"
[ ! -e "$2/policy.toml" ] || exit 0
cp "$1" "$2/made"
mv "$2/made" "$2/policy.toml"
