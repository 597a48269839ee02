import { z } from "zod";
import { type Family, familyOf, mergeRanges, rangeSize } from "../engine/address.ts";
import type { Effort } from "../engine/effort.ts";
import { POLICY_KINDS, type PortMatch, type Selection } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { counted } from "../rules/phrases.ts";
import { accepting, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { portNumberSchema } from "../wire/policy-port.ts";
import { bearersOf, MAX_READ, MAX_READ_IN_ALL, type Surroundings } from "./parts/bearers.ts";
import { isOpen } from "./parts/open-selector.ts";

const sensitiveSchema = z.strictObject({
  name: z.string(),
  ports: z.array(portNumberSchema).min(1),
});

const parameters = z.strictObject({
  services: z
    .array(sensitiveSchema)
    .default([
      { name: "ssh", ports: [22] },
      { name: "Windows file shares", ports: [445] },
      { name: "SQL Server", ports: [1433] },
      { name: "Oracle", ports: [1521] },
      { name: "etcd", ports: [2379, 2380] },
      { name: "Docker", ports: [2375, 2376] },
      { name: "MySQL", ports: [3306] },
      { name: "remote desktops", ports: [3389] },
      { name: "PostgreSQL", ports: [5432] },
      { name: "CouchDB", ports: [5984] },
      { name: "Redis", ports: [6379] },
      { name: "Cassandra", ports: [9042] },
      { name: "Elasticsearch", ports: [9200, 9300] },
      { name: "the kubelet", ports: [10_250] },
      { name: "memcached", ports: [11_211] },
      { name: "MongoDB", ports: [27_017] },
    ])
    .describe("what is not for many, each with a `name` and its TCP `ports`"),
  maxNamespaces: z
    .int()
    .min(1)
    .default(5)
    .describe("from how many namespaces they may be reached by one rule"),
  ipv4Prefix: z
    .int()
    .min(0)
    .max(32)
    .default(8)
    .describe("from how much of IPv4, as a prefix length: the default is room for 10.0.0.0/8"),
  ipv6Prefix: z.int().min(0).max(128).default(8).describe("the same of IPv6"),
});

type Parameters = z.output<typeof parameters>;

/** Report rules that let many reach the ports of databases, control planes and shells. */
export const sensitivePort = defineValidator({
  id: "sensitive-port",
  title: "A sensitive port is open to many",
  why: "Databases, control planes and remote shells are what an intruder looks for first, and many of them ask for no password inside a cluster. Few have a reason to reach them.",
  fix: "Name the pods or the few namespaces that need the port, or the network it is used from.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ object, placedRules, after, facts, effortUpTo, parameters: limits }): readonly Finding[] {
    if (object?.kind !== "policy") return [];
    const effort = effortUpTo(MAX_READ_IN_ALL);
    const { subject } = object.policy;
    let declared: readonly DeclaredPort[] | undefined;
    return accepting(placedRules)
      .filter(({ direction }) => direction === "ingress")
      .flatMap((placed) => {
        const crowd = crowdOf(placed, after, limits);
        if (crowd === null) return [];
        const listed = listedServices(placed, limits);
        // PERF: all ingress rules are about the same pods.
        if (listed.length === 0)
          declared ??= declaredPorts(subject, { after, facts }, limits, effort);
        const open = listed.length > 0 ? listed : declaredServices(placed, declared ?? []);
        return open.map(({ name, port, path }) => ({
          path,
          message: `opens ${name} (TCP ${port}) to ${crowd}`,
          help: "name the pods or namespaces that need it",
        }));
      });
  },
});

/** The many that a rule lets in, in words; null where they are few. */
function crowdOf(placed: PlacedRule, after: EngineView, limits: Parameters): string | null {
  if (placed.rule.peers === "all") return "everybody";
  const names = new Set<string>();
  for (const { peer } of placed.peers) {
    if (peer.kind !== "pods") continue;
    const { namespaces } = peer.selection;
    if (namespaces.kind === "name") names.add(namespaces.name);
    else if (isOpen(namespaces.selector)) return "every namespace there is and will be";
    else for (const { name } of after.matchingNamespaces(namespaces.selector)) names.add(name);
  }
  if (names.size > limits.maxNamespaces) return counted(names.size, "namespace");
  const ranges = mergeRanges(placed.blocks.flatMap((block) => block.ranges));
  const isWide = (family: Family, width: number, prefix: number): boolean =>
    ranges
      .filter(({ first }) => familyOf(first) === family)
      .reduce((sum, range) => sum + rangeSize(range), 0n) >
    1n << BigInt(width - prefix);
  if (isWide(4, 32, limits.ipv4Prefix)) return "much of IPv4";
  return isWide(6, 128, limits.ipv6Prefix) ? "much of IPv6" : null;
}

interface OpenService {
  readonly name: string;
  readonly port: number;
  readonly path: string;
}

/** The services whose ports a rule lists. */
function listedServices({ ports }: PlacedRule, { services }: Parameters): readonly OpenService[] {
  return services.flatMap(({ name, ports: numbers }) =>
    numbers.flatMap((port) => {
      const found = ports.find((placed) => isNamed(placed.port, port));
      return found === undefined ? [] : [{ name, port, path: found.path }];
    }),
  );
}

/** A container's port that is one of a service. */
interface DeclaredPort {
  readonly service: string;
  readonly portName: string;
  readonly port: number;
}

/** PERF: the selected pods are mostly alike. */
const MAX_DECLARED = 100;

/** The ports of services that containers of the selected pods declare, each once. */
function declaredPorts(
  subject: Selection,
  surroundings: Surroundings,
  { services }: Parameters,
  effort: Effort,
): readonly DeclaredPort[] {
  const found = new Map<string, DeclaredPort>();
  // The first that has a port counts.
  const names = new Map(
    services.toReversed().flatMap(({ name, ports }) => ports.map((port) => [port, name])),
  );
  let read = 0;
  for (const bearer of bearersOf([subject], surroundings, effort)) {
    for (const { name: portName, protocol, port } of bearer.ports) {
      const service = protocol === "TCP" ? names.get(port) : undefined;
      if (service === undefined) continue;
      found.set(`${portName} ${port}`, { service, portName, port });
    }
    read += 1;
    if (read === MAX_READ || found.size >= MAX_DECLARED) break;
  }
  return [...found.values()];
}

/** The first of them that a rule takes in by a wide range, all ports, or a named port. */
function declaredServices(
  { rule, ports }: PlacedRule,
  declared: readonly DeclaredPort[],
): readonly OpenService[] {
  for (const { service: name, portName, port } of declared) {
    if (rule.ports === "all") return [{ name, port, path: rule.path }];
    const found = ports.find((placed) => takesIn(placed.port, portName, port));
    if (found !== undefined) return [{ name, port, path: found.path }];
  }
  return [];
}

/** A range of up to this many ports counts as a list of them. */
const FEW_PORTS = 100;

function isNamed(match: PortMatch, port: number): boolean {
  return match.kind === "range" && match.last - match.first < FEW_PORTS && takesIn(match, "", port);
}

function takesIn(match: PortMatch, name: string, port: number): boolean {
  if (match.kind === "named") return match.name === name && (match.protocol ?? "TCP") === "TCP";
  return match.protocol === "TCP" && match.first <= port && port <= match.last;
}
