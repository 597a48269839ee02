#!/bin/sh
# Print the whole installation with a serving certificate made by openssl:
#
#   manifests/overlays/plain/render.sh | kubectl apply -f -
#
# The first argument names another overlay to render (kind), further ones components of `manifests/components`
# to render with it: those that add a webhook need the caBundle too. Files are kept in `manifests/generated/`,
# which git ignores: as long as its ca.key is there, running the script again renews the leaf under the
# same CA. What lies there as old-ca.crt is trusted beside it. Guard that folder as you would any private key,
# or delete it to start afresh.
set -eu
umask 077

overlay=${1:-plain}
[ $# -eq 0 ] || shift
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
touch old-ca.crt
cat ca.crt old-ca.crt >bundle.crt

cat >kustomization.yaml <<EOF
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../overlays/$overlay
components: [$(for name; do printf '../components/%s, ' "$name"; done)]
secretGenerator:
  - name: ringfence-webhook-tls
    namespace: ringfence-system
    type: kubernetes.io/tls
    files: [ca.crt=bundle.crt, tls.crt, tls.key]
    options:
      disableNameSuffixHash: true
replacements:
  - source:
      kind: Secret
      name: ringfence-webhook-tls
      fieldPath: data.[ca.crt]
    targets:
      - select:
          group: admissionregistration.k8s.io
        fieldPaths:
          - webhooks.*.clientConfig.caBundle
        options:
          create: true
EOF
kubectl kustomize .
