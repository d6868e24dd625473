#!/usr/bin/env bash
# Whether other people's type checkers know the type of all that the package `webtier` offers.
# Usage: tools/verify-types.sh FOLDER-OF-THE-VIRTUAL-ENVIRONMENT
set -euo pipefail
PATH="$(realpath "$1")/bin:$PATH"
# In the project's folder it would take the sources as the project's own.
cd "$(mktemp -d)"
trap 'rmdir "$PWD"' EXIT
told=$(pyright --verifytypes webtier --ignoreexternal) || {
  echo "$told"
  exit 1
}
grep "Type completeness score" <<<"$told"
