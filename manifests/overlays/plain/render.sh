#!/bin/sh
# Print the whole installation with a serving certificate made by openssl:
#
#   manifests/overlays/plain/render.sh | kubectl apply -f -
#
# The first argument names another overlay to render (kind). Files are kept in `manifests/generated/`,
# which git ignores: as long as its ca.key is there, running the script again renews the leaf under the
# same CA. Guard that folder as you would any private key, or delete it to start afresh.
set -eu
umask 077

overlay=${1:-plain}
manifests=$(cd "$(dirname "$0")/../.." && pwd)
service=ringfence-webhook.ringfence-system.svc
mkdir -p "$manifests/generated"
cd "$manifests/generated"

if [ ! -f ca.key ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj /CN=ringfence-ca \
    -addext keyUsage=critical,keyCertSign,cRLSign -keyout ca.key -out ca.crt 2>/dev/null
fi
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$service" \
  -keyout tls.key -out tls.csr 2>/dev/null
cat >extensions.cnf <<EOF
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:$service, DNS:$service.cluster.local
EOF
openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
  -extfile extensions.cnf -out tls.crt 2>/dev/null

cat >kustomization.yaml <<EOF
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../overlays/$overlay
secretGenerator:
  - name: ringfence-webhook-tls
    namespace: ringfence-system
    type: kubernetes.io/tls
    files: [ca.crt, tls.crt, tls.key]
    options:
      disableNameSuffixHash: true
patches:
$(for kind in Mutating Validating; do
  echo "  - target: {kind: ${kind}WebhookConfiguration, name: ringfence}"
  echo "    patch: |-"
  count=$(grep -c failurePolicy: "$manifests/base/$(echo "$kind" | tr MV mv)-webhook.yaml")
  index=0
  while [ "$index" -lt "$count" ]; do
    echo "      - {op: add, path: /webhooks/$index/clientConfig/caBundle, value: $(base64 <ca.crt | tr -d '\n')}"
    index=$((index + 1))
  done
done)
EOF
kubectl kustomize .
