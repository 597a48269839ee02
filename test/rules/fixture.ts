import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseAddress } from "../../src/engine/address.ts";
import { DATAPLANES } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import { type Change, type Pod, podKey, policyKey } from "../../src/engine/model.ts";
import type { RuleAction } from "../../src/resources/profile.ts";
import { parseResource } from "../../src/resources/resource.ts";
import { loadCustomRules } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import type { ClusterFacts, GovernedObject, WorkloadTemplate } from "../../src/rules/rule.ts";
import { type ProfileList, RuleBook } from "../../src/rules/rule-book.ts";
import { type Judgement, runRules } from "../../src/rules/run-rules.ts";
import { unasked } from "../../src/rules/unasked.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { itemsOf, parseObject, type WireObject } from "../../src/wire/document.ts";
import type { ResolverEndpoint } from "../../src/wire/endpoints.ts";
import { parseService } from "../../src/wire/service.ts";
import { ServiceIndex } from "../../src/wire/service-index.ts";
import { field } from "../../src/wire/shape.ts";
import { resourceDocument } from "../support/documents.ts";
import { upsertOf } from "../support/dsl.ts";
import { NO_FACTS } from "../support/facts.ts";
import { succeed } from "../wire/describe-policy.ts";

export const FIXTURES = join(import.meta.dirname, "fixtures");

/** The cluster that every fixture starts from. */
const WORLD = readObjects(parse(readFileSync(join(FIXTURES, "world.yaml"), "utf8")));

/** A change to a cluster, as a fixture file says it. */
export const fixtureSchema = z.strictObject({
  /** A sentence that says what the file is an example of. */
  about: z.string().min(1),
  /** Objects beside those of `world.yaml`. */
  cluster: z.array(z.unknown()).default([]),
  operation: z.enum(["CREATE", "UPDATE", "DELETE"]).default("CREATE"),
  object: z.unknown().optional(),
  oldObject: z.unknown().optional(),
  /** The rule's parameters. */
  parameters: z.record(z.string(), z.unknown()).default({}),
  /** Profile documents beside the built-in ones. */
  profiles: z.array(z.unknown()).default([]),
  dataplane: z.enum(["generic", "calico", "cilium", "antrea"]).default("generic"),
  /** Addresses of DNS resolvers outside the cluster, instead of the pods. */
  dnsAddresses: z.array(z.string()).default([]),
  /** The only address family of the DNS Service. */
  dnsFamily: z.literal([4, 6]).nullable().default(null),
  /** Facts that are not known. */
  unknown: z.array(z.enum(["dns", "apiServer", "ownPods", "pods"])).default([]),
  /** The agent of a network that does not enforce policies, with nothing beside it. */
  bareNetwork: z.string().nullable().default(null),
  knowsNamespaces: z.enum(["yes", "no", "unknown"]).default("yes"),
});

/** An entry of a profile, as it is written. */
interface Entry {
  readonly id: string;
  readonly action: RuleAction;
  readonly parameters: Fixture["parameters"];
}

export type Fixture = z.output<typeof fixtureSchema>;

export function readFixture(path: string): Fixture {
  return fixtureSchema.parse(parse(readFileSync(path, "utf8")));
}

const registry = createRegistry(VALIDATORS);
const compileCustomRule = await loadCustomRules();

/** Judge the change of a fixture by these rules, in a profile in which they deny. */
export function judgeFixture(ruleIds: readonly string[], fixture: Fixture): Judgement {
  const { parameters } = fixture;
  return judgeBy(
    ruleIds.map((id) => ({ id, action: "Deny", parameters })),
    fixture,
  );
}

/** The same by a shipped profile, with `ruleId` as the fixture sets it. */
export function judgeAsShipped(
  name: "baseline" | "restricted",
  fixture: Fixture,
  ruleId?: string,
): Judgement {
  const shipped = VALIDATORS.flatMap(({ id, shipped: { [name]: action } }): Entry[] => {
    if (id === ruleId) return [{ id, action: "Deny", parameters: fixture.parameters }];
    return action === null ? [] : [{ id, action, parameters: {} }];
  });
  return judgeBy(shipped, fixture);
}

function judgeBy(rules: readonly Entry[], fixture: Fixture): Judgement {
  const { operation, object, oldObject } = fixture;
  const world = WORLD.concat(fixture.cluster.flatMap(readObjects));
  const before = oldObject === undefined ? [] : readObjects(oldObject);
  const after = object === undefined ? [] : readObjects(object);
  const engine = new MatchingEngine({ dataplane: DATAPLANES[fixture.dataplane] });
  for (const change of [...world, ...before].flatMap(upsertOf)) engine.apply(change);
  const profile = profilesOf([resourceDocument("Profile", "test", { rules })]).get("test");
  if (profile === undefined) throw new Error("the profile does not compile");
  const changes = after.length > 0 ? after.flatMap(upsertOf) : before.map(deleteOf);
  return engine.preview(changes, (view, delta) =>
    runRules(profile, profilesOf(fixture.profiles), {
      operation,
      object: after.map(governed)[0] ?? null,
      oldObject: before.map(governed)[0] ?? null,
      namespaceLabels: null,
      request: unasked({ kind: "", namespace: "", name: "" }),
      clock: () => 0,
      deadline: 1,
      delta,
      ownDelta: delta,
      after: view,
      facts: factsOf(world, fixture),
    }),
  );
}

function readObjects(raw: unknown): readonly WireObject[] {
  return itemsOf(raw).map((item) => {
    return succeed(parseObject(item.raw));
  });
}

function deleteOf(object: WireObject): Change {
  if (object.kind === "policy") {
    return { kind: "policy", op: "delete", key: policyKey(object.parsed.policy) };
  }
  if (object.kind === "namespace") {
    return { kind: "namespace", op: "delete", key: object.namespace.name };
  }
  throw new Error(`a ${object.kind} is not governed`);
}

function governed(object: WireObject): GovernedObject {
  if (object.kind === "policy") return { kind: "policy", ...object.parsed };
  if (object.kind === "namespace") return { kind: "namespace", manifest: object.manifest };
  throw new Error(`a ${object.kind} is not governed`);
}

function factsOf(world: readonly WireObject[], fixture: Fixture): ClusterFacts {
  const { unknown } = fixture;
  // A fixture may replace a pod of the world.
  const byKey = new Map(
    world.flatMap((object) =>
      object.kind === "pod" ? [[podKey(object.pod), object.pod] as const] : [],
    ),
  );
  const pods = [...byKey.values()];
  const templates = world.flatMap((object): readonly WorkloadTemplate[] =>
    object.kind === "workload" ? [object.template] : [],
  );
  const dns = pods.filter(({ labels }) => labels.get("k8s-app") === "kube-dns");
  const own = pods.filter(({ namespace }) => namespace === "ringfence-system");
  const apiServer = parseAddress("10.0.0.1");
  return {
    ...NO_FACTS,
    dns: unknown.includes("dns") ? [] : resolversOf(fixture, dns),
    apiServer: unknown.includes("apiServer") || apiServer === null ? [] : [apiServer],
    apiServerPorts: unknown.includes("apiServer") ? [] : [6443],
    ownPods: unknown.includes("ownPods") ? [] : own.map(podKey),
    templatesOf: (namespace) => templates.filter((template) => template.namespace === namespace),
    services: servicesOf(fixture),
    knowsPodsOf: () => !unknown.includes("pods"),
    network: { bare: () => fixture.bareNetwork },
    knowsNamespaces: fixture.knowsNamespaces,
  };
}

/** The built-in profiles and those of these documents. */
function resolversOf(
  { dnsAddresses, dnsFamily }: Fixture,
  pods: readonly Pod[],
): readonly ResolverEndpoint[] {
  const addresses = dnsAddresses.flatMap((text) => parseAddress(text) ?? []);
  if (addresses.length > 0) {
    return addresses.map((address) => {
      return { end: { kind: "address", address }, family: null, udpPort: 53, tcpPort: 53 };
    });
  }
  return pods.map((pod) => {
    const portOf = (protocol: "UDP" | "TCP"): number | null =>
      pod.ports.find((port) => port.protocol === protocol)?.port ?? null;
    const end = { kind: "pod", key: podKey(pod) } as const;
    return { end, family: dnsFamily, udpPort: portOf("UDP"), tcpPort: portOf("TCP") };
  });
}

function servicesOf({ cluster }: Fixture): ServiceIndex {
  const index = new ServiceIndex();
  for (const raw of cluster) {
    const read = field(raw, "kind") === "Service" ? parseService(raw) : null;
    if (read?.ok === true) index.upsert(read.value);
  }
  return index;
}

function profilesOf(documents: readonly unknown[]): ProfileList {
  const ruleBook = new RuleBook({
    registry,
    ownNamespace: "ringfence-system",
    compileCustomRule,
  });
  const resources = documents.map((raw) => {
    const read = parseResource(raw);
    if (!read.ok) throw new Error(read.error.map(({ message }) => message).join("; "));
    return read.value;
  });
  const problems = ruleBook.replaceFiles(resources);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join("; "));
  return ruleBook.profiles;
}
