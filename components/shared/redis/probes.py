"""How the kubelet asks any Redis whether it lives."""

from components.shared.redis.conf import PORT

CLI = f"redis-cli -h 127.0.0.1 -p {PORT}"


def answers(cli: str) -> str:
    """The part of a script that ends it: well with any sign of life, else with what `cli` said."""
    return f"""\
# Any answer is a sign of life, also "log in first" and "still loading": a restart would only lose time.
answer=$({cli} ping 2>&1)
case $answer in
  *PONG* | *NOAUTH* | *LOADING* | *BUSY*) exit 0 ;;
esac
echo "$answer"
exit 1
"""


ALIVE_SCRIPT = f"""\
#!/bin/sh
{answers(CLI)}"""
"""Liveness and startup."""
