#!/usr/bin/env bash
# chromium.sh: prints a command, `COMMAND FOLDER ARGUMENT…`, that runs a headless Chromium which sees this folder as /tmp
# and has no network. Where there is none yet, one is put into the cache, a folder with Debian's packages, of which
# nothing is installed. Where it can't be had, nothing is printed: what needs it is skipped and says so.
set -euo pipefail

root=${XDG_CACHE_HOME:-$HOME/.cache}/webtier/tools/chromium
if [ "$(id -u)" != 0 ] || ! command -v mmdebstrap >/dev/null; then
    echo "no Chromium here: the tests in a browser are skipped (Debian has chromium-headless-shell)" >&2
    exit
fi
if [ ! -x "$root/run" ]; then
    echo "fetching a headless Chromium out of Debian's packages, for the tests in a browser: about two minutes" >&2
    rm -rf "$root" "$root.partial"
    mkdir -p "$root.partial"
    # Without an address mmdebstrap takes Debian's own, with its security updates.
    # shellcheck source=/dev/null
    suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
    if ! mmdebstrap --mode=root --variant=extract --skip=check/signed-by --include=chromium-headless-shell,fonts-dejavu-core \
        "$suite" "$root.partial/root" >"$root.partial/log" 2>&1; then
        echo "no Chromium can be fetched: the tests in a browser are skipped ($(tail -n 1 "$root.partial/log"))" >&2
        exit
    fi
    mkdir -p "$root.partial/root/proc"
    # Without a network of any kind: a page that needs something from elsewhere does not get it.
    cat >"$root.partial/run" <<'RUN'
#!/usr/bin/env bash
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
folder=$(readlink -f "$1")
shift
export here folder
exec unshare --mount --net --pid --fork --kill-child bash -euc '
    mount --bind /dev "$here/root/dev"
    mount --bind "$folder" "$here/root/tmp"
    mount -t proc proc "$here/root/proc"
    exec chroot "$here/root" /usr/lib/chromium/chromium-headless-shell --no-sandbox "$@"
' chromium "$@"
RUN
    chmod +x "$root.partial/run"
    # All or nothing: a half of it would stay for ever.
    mv "$root.partial" "$root"
fi
echo "$root/run"
