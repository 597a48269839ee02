#!/bin/sh
# Make a kind cluster with Ringfence in it. Asks for docker, kind, kubectl and openssl.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)

kind get clusters | grep -qx ringfence || kind create cluster --config "$here/cluster.yaml"
docker build --tag ringfence:kind "$root"
kind load docker-image ringfence:kind --name ringfence
"$here/../plain/render.sh" kind | kubectl --context kind-ringfence apply -f -
kubectl --context kind-ringfence -n ringfence-system rollout status deployment/ringfence --timeout 120s
echo "ready: kubectl --context kind-ringfence label namespace default ringfence.dev/profile=baseline"
