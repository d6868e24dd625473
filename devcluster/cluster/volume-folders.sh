#!/bin/sh
# volume-folders.sh FOLDER: a local volume needs its folder on the node before a pod can mount it. This makes it, below
# FOLDER and nowhere else, for each PersistentVolume that asks for one.
set -u
node='{.spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]}'
while true; do
    kubectl --kubeconfig /etc/kubernetes/volume-folders.kubeconfig get persistentvolumes --watch \
        --output jsonpath="$node"' {.spec.local.path}{"\n"}' |
        while read -r name path; do
            case "$path" in
                */../* | */.. | *' '*) ;;
                "$1"/?*)
                    var=/var/lib/machines/$name/var
                    if [ -d "$var" ]; then mkdir -p "$var/${path#/var/}"; fi
                    ;;
            esac
        done
    sleep 1
done
