import { podKey } from "../engine/model.ts";
import type { Engine } from "../engine/query.ts";
import type { ClusterFacts } from "../rules/rule.ts";
import { type ServiceEndpoint, tcpPortsOf } from "../wire/endpoints.ts";
import { isOwnPod } from "../wire/ringfence-labels.ts";
import type { TemplateIndex } from "./template-index.ts";

/** Where the facts of a watched cluster come from. */
interface FactSources
  extends Pick<
    ClusterFacts,
    "ownNamespace" | "webhookPort" | "services" | "network" | "namespaceManifest"
  > {
  readonly engine: Engine;
  readonly templates: TemplateIndex;
  readonly dns: () => ClusterFacts["dns"];
  readonly apiServer: () => readonly ServiceEndpoint[];
}

/** The facts of a watched cluster. Each is read when asked for, so none is older than the engine. */
export function createFacts({
  engine,
  templates,
  dns,
  apiServer,
  ownNamespace,
  ...known
}: FactSources): ClusterFacts {
  return {
    ...known,
    ownNamespace,
    get dns() {
      return dns();
    },
    get apiServer() {
      return apiServer().map(({ address }) => address);
    },
    get apiServerPorts() {
      return tcpPortsOf(apiServer());
    },
    get ownPods() {
      return Array.from(engine.podsOf(ownNamespace)).filter(isOwnPod).map(podKey);
    },
    templatesOf: (namespace) => templates.of(namespace),
    // The watches leave nothing out.
    knowsPodsOf: () => true,
    knowsNamespaces: "yes",
  };
}
