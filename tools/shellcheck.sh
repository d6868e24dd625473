#!/usr/bin/env bash
# Looks for mistakes in every script of the project.
set -euo pipefail
cd "$(dirname "$0")/.."

shellcheck=$(tools/debian-program.sh shellcheck shellcheck "the checks of scripts")
if [ -n "$shellcheck" ]; then git ls-files -z '*.sh' .ci/run | xargs -0 "$shellcheck"; fi
