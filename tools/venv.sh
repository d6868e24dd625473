#!/usr/bin/env bash
# venv.sh PYTHON FOLDER REQUIREMENTS STAMP: a virtual environment with these requirements in it.
set -euo pipefail
python=$1 folder=$2 requirements=$3 stamp=$4

if ! command -v "$python" >/dev/null; then
    echo "error: $python is missing. Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "error: $("$python" --version) is too old: webtier needs 3.11 or newer; name one: make PYTHON=/path/to/python3" >&2
    exit 1
fi
if ! "$folder/bin/python" -c 'import pip' 2>/dev/null; then
    rm -rf "$folder"
    "$python" -m venv "$folder" || {
        rm -rf "$folder"
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "installing python3-venv from Debian's packages" >&2
            apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends python3-venv >/dev/null
            "$python" -m venv "$folder"
        else
            echo "error: $python can't make virtual environments: install python3-venv" >&2
            exit 1
        fi
    }
fi
echo "installing the Python packages of $requirements" >&2
"$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
touch "$stamp"
