import { type Address, podKey } from "../engine/model.ts";
import type { Engine } from "../engine/query.ts";
import type { ResolverEndpoint } from "../wire/endpoints.ts";
import type { Services } from "../wire/service-index.ts";
import type { PodTemplate } from "../wire/workload.ts";
import type { NetworkAgents } from "./bare-network.ts";
import type { TemplateIndex } from "./template-index.ts";

/** What rules may ask beyond the engine. Empty lists mean "not known". */
export interface Facts {
  readonly dns: readonly ResolverEndpoint[];
  readonly apiServer: readonly Address[];
  readonly ownNamespace: string;
  /** Ringfence's own pods, `namespace/name`. */
  readonly ownPods: readonly string[];
  readonly webhookPort: number;
  templatesOf(namespace: string): Iterable<PodTemplate>;
  readonly services: Services;
  knowsPodsOf(namespace: string): boolean;
  namespaceManifest(namespace: string): unknown;
  readonly knowsNamespaces: "yes";
  readonly network: NetworkAgents;
}

/** Where the facts of a watched cluster come from. */
interface FactSources
  extends Pick<
    Facts,
    "ownNamespace" | "webhookPort" | "services" | "network" | "namespaceManifest"
  > {
  readonly engine: Engine;
  readonly templates: TemplateIndex;
  readonly dns: () => readonly ResolverEndpoint[];
  readonly apiServer: () => readonly Address[];
}

/** Ringfence's own pods, as its manifests label them. */
const OWN_POD_LABEL = { key: "app.kubernetes.io/name", value: "ringfence" };

/** The facts of a watched cluster. Each is read when asked for, so none is older than the engine. */
export function createFacts({
  engine,
  templates,
  dns,
  apiServer,
  ownNamespace,
  ...known
}: FactSources): Facts {
  return {
    ...known,
    ownNamespace,
    get dns() {
      return dns();
    },
    get apiServer() {
      return apiServer();
    },
    get ownPods() {
      return Array.from(engine.podsOf(ownNamespace))
        .filter(({ labels }) => labels.get(OWN_POD_LABEL.key) === OWN_POD_LABEL.value)
        .map(podKey);
    },
    templatesOf: (namespace) => templates.of(namespace),
    // The watches leave nothing out.
    knowsPodsOf: () => true,
    knowsNamespaces: "yes",
  };
}
