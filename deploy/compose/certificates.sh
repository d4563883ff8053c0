#!/bin/sh
# What the profile `tls` of docker-compose.yml needs to know whom it talks to: an authority, the servers' certificates,
# passwords, and the keys of Harmonia itself; all of them made once, for one machine, and kept in no repository.
#
# sh certificates.sh FOLDER: writes FOLDER/kafka, FOLDER/redis and FOLDER/harmonia, each for its one reader.
set -eu
umask 077
mkdir -p "$1/authority" "$1/kafka" "$1/redis" "$1/harmonia"
cd "$1"
[ ! -e made ] || exit 0

secret() { openssl rand -hex 24; }
digest() { printf %s "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1; }

# server READER NAME: key.pem and certificate.pem of a server, which this machine knows as localhost.
server() {
    openssl req -newkey rsa:3072 -nodes -subj "/CN=$2" -keyout "$1/key.pem" -out "$1/request.pem" 2> /dev/null
    printf 'subjectAltName=DNS:%s,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' "$2" > "$1/extensions"
    openssl x509 -req -days 365 -in "$1/request.pem" -extfile "$1/extensions" -CAcreateserial \
        -CA authority/ca.pem -CAkey authority/key.pem -out "$1/certificate.pem" 2> /dev/null
    rm "$1/request.pem" "$1/extensions"
}

openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=Harmonia on this machine" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign \
    -keyout authority/key.pem -out authority/ca.pem 2> /dev/null
server kafka kafka-tls
server redis redis-tls
cat kafka/key.pem kafka/certificate.pem > kafka/keystore.pem
rm kafka/key.pem kafka/certificate.pem
for reader in kafka redis harmonia; do cp authority/ca.pem "$reader/ca.pem"; done

password=$(secret)
printf %s "$password" > harmonia/kafka-password
printf 'SCRAM-SHA-512=[name=harmonia,password=%s]' "$password" > kafka/scram
password=$(secret)
printf %s "$password" > harmonia/redis-password
printf 'user default off\nuser harmonia on #%s ~* &* -@all +@read +@write +@connection +@scripting +@transaction -@dangerous +info +time\n' \
    "$(digest "$password")" > redis/users.acl
secret > harmonia/identity-key
token=$(secret)
printf %s "$token" > harmonia/api-token
printf 'local:read+permit+reserve+erase+publish:%s' "$(digest "$token")" > harmonia/api-tokens
touch made
