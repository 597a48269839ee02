import type { ClusterFacts } from "../../src/rules/rule.ts";
import { ServiceIndex } from "../../src/wire/service-index.ts";

/** What rules know of a watched cluster in which there is nothing to know beside the engine. */
export const NO_FACTS: ClusterFacts = {
  dns: [],
  apiServer: [],
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
