#!/bin/sh
# The secret that deploy/gateway.example.toml asks for: made once, for one machine, and kept in no repository.
#
# sh hooks.sh FOLDER: writes FOLDER/actblue, user:password.
set -eu
umask 077
mkdir -p "$1"
[ ! -s "$1/actblue" ] || exit 0
printf 'actblue:%s' "$(openssl rand -hex 24)" > "$1/made"
mv "$1/made" "$1/actblue"
