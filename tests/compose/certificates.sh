#!/usr/bin/env bash
# certificates.sh FOLDER ADDRESS: an authority, a server's certificate of it for ADDRESS, and another authority.
set -euo pipefail
cd "$1"
for name in ca other; do
    # Python 3.13 verifies strictly: an authority without these usages is refused.
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=airfleet test $name" -keyout $name.key -out $name.crt \
        -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
done
openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout server.key -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt \
    -extfile <(printf 'subjectAltName=IP:%s\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth' "$2") 2>/dev/null
# The servers' user in the images; Postgres refuses a key that others can read.
chown 999:999 server.key && chmod 600 server.key
chmod 755 . && chmod 644 ./*.crt
