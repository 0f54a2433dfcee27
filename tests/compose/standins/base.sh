#!/usr/bin/env bash
# base.sh LABEL: makes the stand-in for debian:trixie-slim, a minimal Debian, stripped the way the public image is.
#
# Two differences are wanted: its apt sources are this machine's mirrors, and the certificates that this
# machine trusts beyond Debian's own are in /usr/local/share, where installing ca-certificates finds them.
set -euo pipefail

suite=trixie
image=debian:$suite-slim
root=$(mktemp -d)/root
trap 'rm -rf "$(dirname "$root")"' EXIT

mirror_of() {  # the first URI of this machine's apt sources that ends in $1
    { grep -rhoE '^(URIs:|deb)[[:space:]].*' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null || true; } |
        grep -oE "https?://[^ ]+/$1/?( |\$)" | head -n 1 | tr -d ' '
}
main=$(mirror_of debian)
security=$(mirror_of debian-security)
: "${main:?No Debian mirror found in /etc/apt: the stand-in for $image needs the one this machine uses}"

debootstrap --variant=minbase "$suite" "$root" "$main" >/dev/null

: >"$root/etc/apt/sources.list"
{
    printf 'Types: deb\nURIs: %s\nSuites: %s %s-updates\nComponents: main\nSigned-By: %s\n' \
        "$main" "$suite" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg
    [ -z "$security" ] || printf '\nTypes: deb\nURIs: %s\nSuites: %s-security\nComponents: main\nSigned-By: %s\n' \
        "$security" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg
} >"$root/etc/apt/sources.list.d/debian.sources"
# What debuerreotype's slim variant leaves out, and its apt habits.
printf 'path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\n' \
    >"$root/etc/dpkg/dpkg.cfg.d/docker"
printf 'Acquire::Languages "none";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n' >"$root/etc/apt/apt.conf.d/docker"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
rm -rf "$root"/usr/share/{doc,man,locale,info}/* "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin \
    "$root"/var/cache/apt/archives/*.deb "$root"/var/log/*.log

# Certificates of this machine beyond its own distribution's, one file each.
python3 - "$root/usr/local/share/ca-certificates" <<'PY'
import pathlib
import re
import sys

def pems(text: str) -> set[str]:
    return set(re.findall(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", text, re.S))

bundle = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
known = {pem for path in pathlib.Path("/usr/share/ca-certificates").rglob("*.crt") for pem in pems(path.read_text())}
extra = sorted(pems(bundle.read_text()) - known) if bundle.exists() else []
target = pathlib.Path(sys.argv[1])
target.mkdir(parents=True, exist_ok=True)
for number, pem in enumerate(extra):
    (target / f"machine-{number}.crt").write_text(pem + "\n")
PY
tar -C "$root" --numeric-owner -c . | docker import -c 'CMD ["bash"]' -c "LABEL $1" - "$image" >/dev/null
