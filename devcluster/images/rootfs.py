"""Root file systems from Debian packages: unpacked, never installed, so that no script of theirs runs anywhere.

That takes seconds, needs no mounts, and gives the same result on every host. What their scripts would have set
up (accounts, links, the certificate bundle) each recipe writes itself, as far as it needs it.
"""

import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from command_line.files import delete
from command_line.subprocesses import CommandError, run
from devcluster.images.workspace import run_logged

SUITE = "bookworm"

_KEYRINGS = ("/etc/apt/trusted.gpg.d", "/etc/apt/keyrings", "/usr/share/keyrings")

_NOT_NEEDED = (
    *("adduser", "awk", "debconf", "debianutils", "dpkg", "init-system-helpers", "libpam-modules", "lsb-base"),
    *("openssl", "passwd", "perl", "perl-base", "sysvinit-utils", "ucf", "usr-is-merged"),
)
"""Packages that others depend on only for the sake of their installation scripts."""

_MERGED = ("bin", "sbin", "lib", "lib64")
"""Links to the folders of these names in /usr, which Debian's packages take for granted."""

_STRIPPED = (
    *("boot", "home", "media", "mnt", "opt", "root", "srv"),
    *("etc/apt", "etc/cron*", "etc/default", "etc/dpkg", "etc/fstab", "etc/hostname", "etc/init.d", "etc/logrotate.d"),
    *("etc/resolv.conf", "etc/systemd", "etc/ufw", "etc/update-motd.d"),
    *("usr/games", "usr/include", "usr/lib/systemd", "usr/lib/udev", "usr/lib/tmpfiles.d", "usr/lib/*/perl*"),
    *("usr/share/bash-completion", "usr/share/bug", "usr/share/doc", "usr/share/doc-base", "usr/share/gcc"),
    *("usr/share/info", "usr/share/initramfs-tools", "usr/share/lintian", "usr/share/locale", "usr/share/man"),
    *("usr/share/menu", "usr/share/perl*", "usr/share/pixmaps", "usr/share/vim", "usr/share/zsh"),
    *("dev/*", "run/*", "tmp/*", "var/cache/*", "var/lib/apt", "var/lib/dpkg", "var/log/*", "var/backups", "var/mail"),
    "var/run",
)
"""What a container never looks at; some of it (name servers, apt's sources) also tells about this machine."""


@dataclass(frozen=True)
class Account:
    """A line of /etc/passwd, with a group of the same name and number."""

    name: str
    number: int
    home: str = "/"


def unpack(packages: Iterable[str], root: Path, log: Path, without: Iterable[str] = (), *, suite: str = SUITE) -> None:
    """Unpack packages of Debian's `suite` and all they depend on into the new folder `root`.

    `without` names dependencies that the caller can do without. Raises CommandError when the packages can't be
    had; `log` then says more.
    """
    work = root.parent
    options = work / "apt.conf"
    options.touch(0o600)
    options.write_text(_apt_options())
    stand_ins = work / "stand-ins"
    stand_ins.write_text("\n".join(_stand_in(name) for name in (*_NOT_NEEDED, *without)))
    links = " && ".join(f'mkdir -p "$1/usr/{name}" && ln -s usr/{name} "$1/{name}"' for name in _MERGED)
    status = f'mkdir -p "$1/var/lib/dpkg" && cp {shlex.quote(str(stand_ins))} "$1/var/lib/dpkg/status"'
    run_logged(
        [
            *("mmdebstrap", "--mode=root", "--variant=extract", "--format=directory", "--skip=check/signed-by"),
            f"--aptopt={options}",
            *(f"--keyring={folder}" for folder in _KEYRINGS if Path(folder).is_dir()),
            f"--setup-hook={links} && {status}",
            f"--include={','.join(packages)}",
            *(suite, str(root), *_sources(suite)),
        ],
        log,
        work,
    )
    for pattern in _STRIPPED:
        for path in root.glob(pattern):
            delete(path)
    for folder, mode in (("dev", 0o755), ("proc", 0o555), ("sys", 0o555), ("run", 0o755), ("tmp", 0o1777)):
        (root / folder).mkdir(exist_ok=True)
        (root / folder).chmod(mode)
    link(root, "var/run", "/run")
    write(root, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")


def add_accounts(root: Path, *accounts: Account) -> None:
    """Write /etc/passwd and /etc/group: root, nobody and these."""
    everyone = (Account("root", 0, "/root"), *accounts, Account("nobody", 65534, "/nonexistent"))
    users = (f"{a.name}:x:{a.number}:{a.number}::{a.home}:/usr/sbin/nologin\n" for a in everyone)
    groups = (f"{a.name}:x:{a.number}:\n" for a in everyone)
    write(root, "etc/passwd", "".join(users))
    write(root, "etc/group", "".join(groups))


def bundle_certificates(root: Path) -> None:
    """Write the one file that programs read from the certificates of the package ca-certificates."""
    authorities = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    write(root, "etc/ssl/certs/ca-certificates.crt", "".join(file.read_text() for file in authorities))


def write(root: Path, name: str, content: str, mode: int = 0o644) -> None:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(mode)


def link(root: Path, name: str, target: str) -> None:
    """Make `name` a symbolic link, in place of whatever it was."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def give_folders(root: Path, number: int, *names: str) -> None:
    """Make folders, if they are not there, and give them and all in them to this user and group."""
    for name in names:
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                shutil.chown(path, number, number)


def _sources(suite: str) -> list[str]:
    """This machine's mirrors of Debian, pointed at `suite`; where it has none, mmdebstrap takes Debian's own."""
    form = "$(ORIGIN)|$(REPO_URI)|$(CODENAME)|$(COMPONENT)"
    try:
        targets = run(["apt-get", "indextargets", "--format", form, "Created-By: Packages"])
    except (CommandError, FileNotFoundError):
        return []
    sources: dict[str, None] = {}
    for line in targets.splitlines():
        origin, address, codename, component = line.split("|")
        release, dash, pocket = codename.partition("-")
        if origin == "Debian" and component == "main" and pocket in ("", "updates", "security") and release != "sid":
            sources[f"deb {address} {suite}{dash}{pocket} main"] = None
    # Without the release itself, its updates alone would not do.
    return [*sources] if any(source.endswith(f" {suite} main") for source in sources) else []


def _apt_options() -> str:
    """How this machine reaches its mirrors (a proxy, say): mmdebstrap starts from apt's defaults otherwise."""
    kept = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Force", "Acquire::Retries")
    settings = run(["apt-config", "dump"]).splitlines() if shutil.which("apt-config") else []
    # The cache folder may lie in a home that apt's own unprivileged user can't enter.
    own = ['Acquire::Retries "3";', 'APT::Sandbox::User "root";']
    return "\n".join([*own, *(line for line in settings if line.startswith(kept))]) + "\n"


def _stand_in(package: str) -> str:
    """An entry of dpkg's status file that tells apt that a package is there, and new enough for anyone."""
    return (
        f"Package: {package}\nStatus: install ok installed\nVersion: 99:0\nArchitecture: all\nMulti-Arch: foreign\n"
        "Maintainer: none\nDescription: not needed here\n"
    )
