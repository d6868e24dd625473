#!/usr/bin/env bash
# with-credentials.sh COMMAND…: runs a command with the credentials that a pipeline's environment gives, as the engine
# expects them, and leaves none of them behind. Those that are not set, or empty, as a missing secret is, are left out.
#
#   KUBECONFIG_CONTENT         a kubeconfig, as text
#   PULUMI_BACKEND_URL         where the state is, such as s3://bucket; or PULUMI_ACCESS_TOKEN for Pulumi Cloud
#   PULUMI_CONFIG_PASSPHRASE   for stacks whose secrets are not encrypted by a key service
#   IDENTITY_AUDIENCE          asks for this job's own token (OIDC), which AWS_ROLE_ARN or AZURE_CLIENT_ID is taken with,
#                              in place of a key that lasts; GitLab gives the token itself, as IDENTITY_TOKEN
set -euo pipefail
umask 077
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT

for name in PULUMI_BACKEND_URL PULUMI_ACCESS_TOKEN PULUMI_CONFIG_PASSPHRASE AWS_{ROLE_ARN,REGION} AZURE_{CLIENT,TENANT}_ID; do
    if [ -z "${!name:-}" ]; then unset "$name"; fi
done

if [ -n "${KUBECONFIG_CONTENT:-}" ]; then
    printf '%s' "$KUBECONFIG_CONTENT" >"$folder/kubeconfig"
    export KUBECONFIG=$folder/kubeconfig
fi
unset KUBECONFIG_CONTENT

if [ -z "${IDENTITY_TOKEN:-}" ] && [ -n "${IDENTITY_AUDIENCE:-}" ] && [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL:-}" ]; then
    # The request's token goes by standard input: the arguments of a process are seen by all others.
    IDENTITY_TOKEN=$(
        printf 'header = "Authorization: Bearer %s"\n' "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" |
            curl --silent --show-error --fail --retry 3 --config - --get \
                --data-urlencode "audience=$IDENTITY_AUDIENCE" "$ACTIONS_ID_TOKEN_REQUEST_URL" |
            python3 -c 'import json, sys; print(json.load(sys.stdin)["value"], end="")'
    )
fi
if [ -n "${IDENTITY_TOKEN:-}" ]; then
    printf '%s' "$IDENTITY_TOKEN" >"$folder/identity-token"
    export AWS_WEB_IDENTITY_TOKEN_FILE=$folder/identity-token AZURE_FEDERATED_TOKEN_FILE=$folder/identity-token
fi
unset IDENTITY_TOKEN ACTIONS_ID_TOKEN_REQUEST_TOKEN

"$@"
