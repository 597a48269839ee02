#!/usr/bin/env bash
# Make the archive that network-policy.yaml describes, and print its checksum for `sha256`.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-$PWD}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --pack-destination "$folder" >&2
tar -xzf "$folder"/ringfence-*.tgz -C "$folder"
cp package-lock.json .npmrc "$folder/package/"
npm ci --omit=dev --ignore-scripts --prefix "$folder/package" >&2
tar -czf "$out/ringfence-krew.tar.gz" -C "$folder" package
sha256sum "$out/ringfence-krew.tar.gz"
