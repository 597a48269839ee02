import { DEFAULT_SETTINGS } from "../../config/settings.ts";
import { formatAddress } from "../../engine/address.ts";
import { type Namespace, policyKey } from "../../engine/model.ts";
import { DEFAULT_BASELINE } from "../../resources/baseline.ts";
import type { BaselineFacts, ClusterValues } from "../../resources/baseline-variables.ts";
import { type BaselineChoices, chosenBaseline } from "../../resources/chosen-baseline.ts";
import type { DnsTarget } from "../../resources/dns-target.ts";
import { isLeftAlone, renderBaseline } from "../../resources/render-baseline.ts";
import { parseResource, type Resource, resourceKey } from "../../resources/resource.ts";
import { BUILT_IN_PROFILES } from "../../rules/names.ts";
import { optInOf } from "../../rules/opt-in.ts";
import { parseNetworkPolicy } from "../../wire/network-policy.ts";
import { resolversOf, type Surroundings } from "./resolvers.ts";
import { NOWHERE, type SourceObject } from "./source-object.ts";
import type { SourcePolicy, World } from "./world.ts";

/** Report whether Ringfence keeps its baseline in the namespace: it has opted in, and enforces. */
export function getsBaseline(namespace: Namespace | undefined): boolean {
  return (
    namespace !== undefined &&
    optInOf(namespace.labels)?.mode === "enforce" &&
    !isLeftAlone(namespace.name, DEFAULT_SETTINGS.ownNamespace)
  );
}

/** The built-in resources and these; of several with the same name the last counts. */
export function baselineChoices(resources: readonly SourceObject[]): BaselineChoices {
  const known = new Map<string, Resource>();
  for (const { raw } of resources) {
    const read = parseResource(raw);
    if (read.ok) known.set(resourceKey(read.value), read.value);
  }
  const nameFor = (profile: string, children: readonly string[]): string | undefined => {
    if (BUILT_IN_PROFILES.some((name) => name === profile)) return DEFAULT_BASELINE.name;
    const resource = known.get(`Profile ${profile}`);
    if (resource?.kind !== "Profile" || children.includes(profile)) return undefined;
    if (resource.baseline !== null) return resource.baseline;
    return resource.extends === null
      ? DEFAULT_BASELINE.name
      : nameFor(resource.extends, [...children, profile]);
  };
  return {
    ofProfile: (profile) => nameFor(profile, []),
    named: (name) => {
      if (name === DEFAULT_BASELINE.name) return DEFAULT_BASELINE;
      const baseline = known.get(`Baseline ${name}`);
      return baseline?.kind === "Baseline" ? baseline : undefined;
    },
  };
}

/** What a namespace that has opted in says of itself. */
export type Joining = Pick<BaselineFacts, "labels" | "annotations">;

/** What Ringfence will write to namespaces, as far as that can be told. */
export interface MissingBaseline {
  /** By `policyKey`; those that nobody wrote down. */
  readonly policies: ReadonlyMap<string, SourcePolicy>;
  /** Why it cannot be told, by namespace. */
  readonly unknown: ReadonlyMap<string, string>;
}

/** The baselines of `namespaces` as Ringfence writes them where its settings say nothing about the DNS. */
export function missingBaseline(
  namespaces: ReadonlyMap<string, Joining>,
  world: Surroundings & Pick<World, "policies">,
  choices: BaselineChoices,
): MissingBaseline {
  const policies = new Map<string, SourcePolicy>();
  const unknown = new Map<string, string>();
  const cluster = clusterValuesOf(world);
  for (const [namespace, joining] of namespaces) {
    const chosen = chosenBaseline(joining.labels, choices);
    if (!chosen.ok) {
      unknown.set(namespace, `${chosen.error[0]?.message ?? ""} here`);
      continue;
    }
    const rendered = renderBaseline(chosen.value, { ...cluster, ...joining, namespace });
    if (!rendered.ok) unknown.set(namespace, rendered.error[0]?.message ?? "");
    for (const source of rendered.ok ? rendered.value.flatMap(assumedPolicy) : []) {
      const key = policyKey(source.policy);
      if (!world.policies.has(key)) policies.set(key, source);
    }
  }
  return { policies, unknown };
}

function clusterValuesOf(world: Surroundings): ClusterValues {
  const { podCidrs, serviceCidrs } = DEFAULT_SETTINGS;
  const apiServer = world.endpoints.get("default/kubernetes") ?? [];
  return {
    dns: dnsOf(world),
    podCidrs,
    serviceCidrs,
    apiServerAddresses: apiServer.map(({ address }) => formatAddress(address)),
  };
}

function dnsOf(world: Surroundings): DnsTarget {
  const { dnsNamespace, dnsPodLabels, dnsAddresses } = DEFAULT_SETTINGS;
  const ports = resolversOf(world).flatMap(({ udpPort, tcpPort }) => [udpPort, tcpPort]);
  return {
    namespace: dnsNamespace,
    podLabels: dnsPodLabels,
    addresses: dnsAddresses,
    ports: ports.filter((port) => port !== null),
  };
}

function assumedPolicy(raw: object): readonly SourcePolicy[] {
  const read = parseNetworkPolicy(raw);
  return read.ok ? [{ ...read.value, origin: NOWHERE, standing: "assumed", replaces: null }] : [];
}

/**
 * What is taken for granted about baselines in some of `worlds`, as sentences: `Ringfence adds
 * default-deny and allow-dns to namespace shop`; none where nothing is.
 */
export function baselineAssumptions(
  worlds: readonly Pick<World, "policies" | "unknownBaselines">[],
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
  const added = Array.from(bySet, ([names, of]) => {
    const places = of.map(([namespace]) => namespace).toSorted();
    const noun = places.length === 1 ? "namespace" : "namespaces";
    return `Ringfence adds ${names} to ${noun} ${places.join(", ")}`;
  });
  const unknown = new Map(worlds.flatMap(({ unknownBaselines }) => [...unknownBaselines]));
  const left = Array.from(unknown).flatMap(([namespace, why]) =>
    concerns(namespace)
      ? [`namespace ${namespace} gets no baseline, since it is not known: ${why}`]
      : [],
  );
  return [...added, ...left];
}
