"""The real ingress-nginx controller, with its own template and Lua, on Debian's nginx.

The official image compiles an nginx of its own with a dozen modules. Debian's is older and has fewer, so the
published template is edited where the two differ; an edit whose place has gone fails the build. Lua libraries
that Debian lacks are ours, in files/ingress_nginx/lua.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

from devcluster.images.archive import ImageConfig
from devcluster.images.recipe import FILES, ImageRecipe, Job
from devcluster.images.rootfs import Account, add_accounts, bundle_certificates, give_folders, link, unpack, write

_UID = 101
_FILES = FILES / "ingress_nginx"
_BINARY = "ingress-nginx-controller"
_ROOTFS = "ingress-nginx-rootfs"
_PACKAGES = (
    *("nginx", "libnginx-mod-http-ndk", "libnginx-mod-http-lua", "libnginx-mod-http-set-misc"),
    *("libnginx-mod-http-headers-more-filter", "lua-resty-core", "lua-resty-lrucache", "lua-cjson", "lua-nginx-dns"),
    # The controller compares configurations with diff; its preStop hook looks for processes.
    *("base-files", "ca-certificates", "coreutils", "dash", "diffutils", "dumb-init", "grep", "procps"),
)

_MODULES = "".join(
    f"load_module /usr/lib/nginx/modules/{name}_module.so;\n"
    for name in ("ndk_http", "ngx_http_lua", "ngx_http_set_misc", "ngx_http_headers_more_filter")
)

# The place in the published file, and what takes it.
_CONFIGURATION_EDITS = (("pid /tmp/nginx/nginx.pid;\n", f"pid /tmp/nginx/nginx.pid;\n\n{_MODULES}"),)
_TEMPLATE_EDITS = (
    ("pid {{ .PID }};\n", f"pid {{{{ .PID }}}};\n\n{_MODULES}"),
    (
        "    proxy_temp_path                 /tmp/nginx/proxy-temp;\n",
        (
            "    proxy_temp_path                 /tmp/nginx/proxy-temp;\n"
            "    uwsgi_temp_path                 /tmp/nginx/uwsgi-temp;\n"
            "    scgi_temp_path                  /tmp/nginx/scgi-temp;\n"
        ),
    ),
    # Before nginx 1.25 HTTP/2 is switched on for an address, not for a server: see _HTTP2_SERVER.
    ("        {{ if $cfg.UseHTTP2 }}\n            http2 on;\n        {{ end }}\n", ""),
)

# One listener with `http2` is enough for all servers of the same address and port.
_HTTP2_SERVER = """
    {{ if $cfg.UseHTTP2 }}
    {{ $port := $all.ListenPorts.HTTPS }}
    {{ if $all.IsSSLPassthroughEnabled }}{{ $port = $all.ListenPorts.SSLProxy }}{{ end }}
    server {
        server_name http2.invalid;
        {{ range $address := $cfg.BindAddressIpv4 }}
        listen {{ $address }}:{{ $port }} ssl http2;
        {{ else }}
        listen {{ $port }} ssl http2;
        {{ end }}
        {{ if $IsIPV6Enabled }}
        {{ range $address := $cfg.BindAddressIpv6 }}
        listen {{ $address }}:{{ $port }} ssl http2;
        {{ else }}
        listen [::]:{{ $port }} ssl http2;
        {{ end }}
        {{ end }}
        ssl_reject_handshake on;
    }
    {{ end }}
"""

# Debian has no Lua for TCP and UDP, so that such services are not offered. The controller still sends their list,
# and takes nginx for broken when nobody listens.
_STREAM_SINK = """
    server {
        listen 127.0.0.1:{{ .StreamPort }};
        access_log off;
        return 200;
    }
"""
_STREAM_START = "\n}\n\nstream {\n"
_STREAM_END = "\n}\n\n{{/* definition of templates to avoid repetitions */}}\n"


def _build(job: Job) -> None:
    unpack(_PACKAGES, job.root, job.log)
    add_accounts(job.root, Account("www-data", _UID, "/nonexistent"))
    bundle_certificates(job.root)
    _make_etc_nginx(job.root / "etc/nginx", job.inputs[_ROOTFS])
    shutil.copyfile(job.inputs[_BINARY], job.root / "nginx-ingress-controller")
    (job.root / "nginx-ingress-controller").chmod(0o755)
    write(job.root, "wait-shutdown", (_FILES / "wait-shutdown.sh").read_text(), 0o755)
    link(job.root, "usr/bin/nginx", "/usr/sbin/nginx")
    shutil.rmtree(job.root / "usr/share/nginx")
    give_folders(
        job.root,
        _UID,
        "etc/nginx",
        *(f"etc/ingress-controller/{name}" for name in ("ssl", "auth", "geoip", "telemetry")),
        *("tmp/nginx", "var/lib/nginx", "var/log/nginx"),
    )
    link(job.root, "var/log/nginx/access.log", "/dev/stdout")
    link(job.root, "var/log/nginx/error.log", "/dev/stderr")


def _make_etc_nginx(folder: Path, published: Path) -> None:
    types = (folder / "mime.types").read_text()
    shutil.rmtree(folder)
    shutil.copytree(published, folder, ignore=shutil.ignore_patterns("test", "OWNERS"), copy_function=shutil.copyfile)
    shutil.copytree(_FILES / "lua", folder / "lua", dirs_exist_ok=True, copy_function=shutil.copyfile)
    # Go keeps published modules read-only, folders too.
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    write(folder, "mime.types", types)
    _edit(folder / "nginx.conf", _CONFIGURATION_EDITS)
    _edit(folder / "template/nginx.tmpl", _TEMPLATE_EDITS)
    _replace_stream(folder / "template/nginx.tmpl")


def _replace_stream(template: Path) -> None:
    """Take out all of `stream {…}` and put the two servers of ours at the end of `http {…}`, just before it."""
    text = template.read_text()
    start, end = (_only_place(template, text, mark) for mark in (_STREAM_START, _STREAM_END))
    template.write_text(text[:start] + "\n" + _HTTP2_SERVER + _STREAM_SINK + text[end:])


def _edit(file: Path, edits: Sequence[tuple[str, str]]) -> None:
    text = file.read_text()
    for old, new in edits:
        place = _only_place(file, text, old)
        text = text[:place] + new + text[place + len(old) :]
    file.write_text(text)


def _only_place(file: Path, text: str, mark: str) -> int:
    """Where `mark` is. Raises ValueError unless it is there exactly once."""
    found = text.count(mark)
    if found != 1:
        raise ValueError(
            f"{file.name} of the published ingress-nginx has {mark.strip()!r} {found} times, not once: it is not the "
            "version that devcluster/images/ingress_nginx.py was written for. Adapt the edits there to the new one."
        )
    return text.index(mark)


RECIPE = ImageRecipe(
    build=_build,
    sources=(Path(__file__), _FILES),
    config=ImageConfig(
        user=_UID,
        entrypoint=("/usr/bin/dumb-init", "--"),
        command=("/nginx-ingress-controller",),
        folder="/etc/nginx",
    ),
    inputs=(_BINARY, _ROOTFS),
)
