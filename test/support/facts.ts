import type { ClusterValues } from "../../src/resources/baseline-variables.ts";
import type { ClusterFacts } from "../../src/rules/rule.ts";
import { ServiceIndex } from "../../src/wire/service-index.ts";

/** What rules know, beside the engine, of a watched cluster with nothing in it. */
export const NO_FACTS: ClusterFacts = {
  dns: [],
  apiServer: [],
  apiServerPorts: [],
  ownNamespace: "ringfence-system",
  ownPods: [],
  webhookPort: 9443,
  templatesOf: () => [],
  services: new ServiceIndex(),
  knowsPodsOf: () => true,
  namespaceManifest: () => undefined,
  network: { bare: () => null },
  knowsNamespaces: "yes",
};

/** What baselines are made with in a cluster of which nothing is known. */
export const NO_VALUES: ClusterValues = {
  dns: {
    namespace: "kube-system",
    podLabels: { "k8s-app": "kube-dns" },
    addresses: [],
    ports: [],
  },
  podCidrs: [],
  serviceCidrs: [],
  apiServerAddresses: [],
};
