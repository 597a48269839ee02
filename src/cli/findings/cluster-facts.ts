import { DEFAULT_SETTINGS } from "../../config/settings.ts";
import { podKey } from "../../engine/model.ts";
import type { ClusterFacts } from "../../rules/rule.ts";
import { tcpPortsOf } from "../../wire/endpoints.ts";
import { isOwnPod } from "../../wire/ringfence-labels.ts";
import { ServiceIndex } from "../../wire/service-index.ts";
import type { World } from "../sources/world.ts";
import type { Resolvers } from "./assumed-surroundings.ts";
import { knowledgeOf } from "./knowledge.ts";

/** Where Ringfence is taken to run: Exemptions there are for other namespaces. */
export const OWN_NAMESPACE = DEFAULT_SETTINGS.ownNamespace;

/** What the webhook would know beyond the engine, as far as the world shows it. */
export function factsOf(world: World, resolvers: Resolvers): ClusterFacts {
  const apiServer = world.endpoints.get("default/kubernetes") ?? [];
  const byNamespace = Map.groupBy(world.templates, ({ namespace }) => namespace);
  return {
    dns: resolvers.endpoints,
    apiServer: apiServer.map(({ address }) => address),
    apiServerPorts: tcpPortsOf(apiServer),
    ownNamespace: OWN_NAMESPACE,
    ownPods: [...world.engine.podsOf(OWN_NAMESPACE)].filter(isOwnPod).map(podKey),
    webhookPort: DEFAULT_SETTINGS.webhookPort,
    templatesOf: (namespace) => byNamespace.get(namespace) ?? [],
    services: servicesOf(world),
    namespaceManifest: (name) => world.declared.get(name)?.manifest,
    ...knowledgeOf(world),
  };
}

function servicesOf({ services }: World): ServiceIndex {
  const index = new ServiceIndex();
  for (const service of services.values()) index.upsert(service);
  return index;
}
