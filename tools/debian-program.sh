#!/usr/bin/env bash
# debian-program.sh PROGRAM PACKAGE PURPOSE: prints where a program is, and puts it into the cache where it is not yet,
# out of a Debian package of which nothing else is installed. A variable of the program's name, in capitals, names
# another one. Where it can't be had, nothing is printed: what needs the program is skipped and says so.
set -euo pipefail
program=$1 package=$2 purpose=$3

variable=${program^^}
cached=${XDG_CACHE_HOME:-$HOME/.cache}/webtier/tools/$program
if [ -n "${!variable:-}" ]; then echo "${!variable}" && exit; fi
if command -v "$program"; then exit; fi
if [ -x "$cached" ]; then echo "$cached" && exit; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "no $program here: $purpose that need it are skipped (Debian has it in its package $package)" >&2
    exit
fi
echo "fetching $program out of Debian's package $package, for $purpose" >&2
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
apt-get update -q >/dev/null
(cd "$folder" && apt-get download -q -o APT::Sandbox::User=root "$package" >/dev/null)
dpkg-deb --fsys-tarfile "$folder/$package"_*.deb | tar --extract --directory "$folder" "./usr/bin/$program"
mkdir -p "$(dirname "$cached")"
# All or nothing: a half of it would stay for ever.
mv "$folder/usr/bin/$program" "$cached.partial" && mv "$cached.partial" "$cached"
echo "$cached"
