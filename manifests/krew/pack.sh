#!/usr/bin/env bash
# Make a release for krew: the archive, and the manifest that names its address and checksum.
#   manifests/krew/pack.sh https://where.it/will/be [FOLDER]
set -euo pipefail
base=${1:?"usage: pack.sh BASE-URL [FOLDER]"}
mkdir -p "${2:-dist/krew}"
out=$(cd "${2:-dist/krew}" && pwd)
cd "$(dirname "$0")/../.."
version=v$(node -p 'require("./package.json").version')
archive=kubectl-network-policy-$version.tar.gz
mv "$out/$(npm pack --silent --pack-destination "$out")" "$out/$archive"
checksum=$(sha256sum "$out/$archive")
sed -e "s|@VERSION@|$version|" -e "s|@URI@|${base%/}/$archive|" -e "s|@SHA256@|${checksum%% *}|" \
  manifests/krew/network-policy.yaml > "$out/network-policy.yaml"
echo "$out/network-policy.yaml"
