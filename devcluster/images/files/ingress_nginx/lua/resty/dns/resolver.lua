-- Debian ships the library under another name.
return require("nginx.dns.resolver")
