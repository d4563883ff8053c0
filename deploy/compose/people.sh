#!/bin/sh
# Who may sign in to the console of docker-compose.yml: one person, made once, for one machine, and kept in no repository.
#
# sh people.sh FOLDER: writes FOLDER/people.toml, and FOLDER/token, with which that person signs in.
set -eu
umask 077
mkdir -p "$1"
[ ! -s "$1/people.toml" ] || exit 0
token="$(openssl rand -hex 24)"
hash="$(printf %s "$token" | openssl dgst -sha256 -r | cut -d ' ' -f 1)"
printf %s "$token" > "$1/token"
cat > "$1/made" <<TOML
[people.admin]
token = "$hash"
roles = ["figures", "field", "treasury", "sending", "operations", "privacy"]
TOML
mv "$1/made" "$1/people.toml"
