import { optInOf } from "../../admission/govern.ts";
import { settingsSchema } from "../../config/settings.ts";
import { type Namespace, policyKey } from "../../engine/model.ts";
import { DEFAULT_BASELINE } from "../../resources/baseline.ts";
import { isLeftAlone, renderBaseline } from "../../resources/render-baseline.ts";
import { parseNetworkPolicy } from "../../wire/network-policy.ts";
import { resolversOf, type Surroundings } from "./resolvers.ts";
import { NOWHERE } from "./source-object.ts";
import type { SourcePolicy, World } from "./world.ts";

/** Report whether Ringfence keeps its baseline in the namespace: it has opted in, and enforces. */
export function getsBaseline(namespace: Namespace | undefined): boolean {
  return (
    namespace !== undefined &&
    optInOf(namespace.labels)?.mode === "enforce" &&
    !isLeftAlone(namespace.name, settingsSchema.parse({}).ownNamespace)
  );
}

/**
 * The baseline policies of `namespaces` that nobody wrote down, by `policyKey`, as Ringfence writes them
 * where its settings say nothing about the DNS.
 */
export function missingBaseline(
  namespaces: ReadonlySet<string>,
  world: Surroundings & Pick<World, "policies" | "namespaces">,
): ReadonlyMap<string, SourcePolicy> {
  if (namespaces.size === 0) return new Map();
  const { dnsNamespace, dnsPodLabels, dnsAddresses, podCidrs } = settingsSchema.parse({});
  const ports = resolversOf(world).flatMap(({ udpPort, tcpPort }) => [udpPort, tcpPort]);
  const dns = {
    namespace: dnsNamespace,
    podLabels: dnsPodLabels,
    addresses: dnsAddresses,
    ports: ports.filter((port) => port !== null),
  };
  const missing = new Map<string, SourcePolicy>();
  for (const namespace of namespaces) {
    const labels = world.namespaces.get(namespace)?.labels ?? new Map<string, string>();
    const rendered = renderBaseline(DEFAULT_BASELINE, { namespace, labels, dns, podCidrs });
    for (const raw of rendered.ok ? rendered.value : []) {
      const read = parseNetworkPolicy(raw);
      const key = read.ok ? policyKey(read.value.policy) : "";
      if (read.ok && !world.policies.has(key)) {
        missing.set(key, { ...read.value, origin: NOWHERE, standing: "assumed", replaces: null });
      }
    }
  }
  return missing;
}

/**
 * What is taken for granted about baselines in some of `worlds`, as sentences: `Ringfence adds
 * default-deny and allow-dns to namespace shop`; none where nothing is.
 */
export function baselineAssumptions(
  worlds: readonly Pick<World, "policies">[],
  concerns: (namespace: string) => boolean = () => true,
): readonly string[] {
  const assumed = worlds.flatMap(({ policies }) =>
    [...policies].filter(
      ([, { standing, policy }]) => standing === "assumed" && concerns(policy.namespace),
    ),
  );
  const byNamespace = Map.groupBy(new Map(assumed).values(), ({ policy }) => policy.namespace);
  const bySet = Map.groupBy(byNamespace, ([, added]) =>
    added.map(({ policy }) => policy.name).join(" and "),
  );
  return Array.from(bySet, ([names, of]) => {
    const places = of.map(([namespace]) => namespace).toSorted();
    const noun = places.length === 1 ? "namespace" : "namespaces";
    return `Ringfence adds ${names} to ${noun} ${places.join(", ")}`;
  });
}
