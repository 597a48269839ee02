/**
 * Clusters in a few words, for tables of tests. Every line becomes the Kubernetes object it stands for, and is
 * read by `src/wire` like any manifest.
 */
import { formatAddress, parseAddress, parseCidr } from "../../src/engine/address.ts";
import { DATAPLANES, type Dataplane, type DataplaneName } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import {
  type Change,
  type EndSet,
  type FlowClaim,
  type Protocol,
  podKey,
  policyKey,
  type Rule,
} from "../../src/engine/model.ts";
import { PROTOCOLS } from "../../src/engine/port-set.ts";
import type { Flow, FlowEnd } from "../../src/engine/query.ts";
import { unreachable } from "../../src/errors.ts";
import { parseObject, type WireObject } from "../../src/wire/document.ts";
import { succeed } from "../wire/describe-policy.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * An engine of the generic (or another) dataplane after these changes. A namespace that has pods but is not
 * declared gets declared with its automatic label only.
 */
export function engineOf(
  changes: readonly Change[],
  dataplane: DataplaneName | Dataplane = "generic",
): MatchingEngine {
  const engine = new MatchingEngine({
    dataplane: typeof dataplane === "string" ? DATAPLANES[dataplane] : dataplane,
  });
  for (const change of [...namespacesOf(changes), ...changes]) engine.apply(change);
  return engine;
}

/** The namespaces that pods of these changes are in. */
export function namespacesOf(changes: readonly Change[]): readonly Change[] {
  const names = changes.flatMap((change) =>
    change.kind === "pod" && change.op === "upsert" ? [change.object.namespace] : [],
  );
  return [...new Set(names)].map((name) => namespace(name));
}

/**
 * A running pod: `shop/web app=web 10.0.0.1 :http=TCP/8080 @n1 Deployment/web hostNetwork`. `pending`:
 * it has no address yet; without any it gets one in 10.128.0.0/9. `terminating`, `succeeded`, `failed`.
 */
export function pod(text: string): Change {
  const [key = "", ...words] = text.split(" ");
  const [namespaceName = "", name = ""] = key.split("/");
  expectAll(
    words,
    /^(?:[\w.:/-]+=.*|[\da-f.:]+|@.+|[A-Z]\w+\/.+|pending|terminating|succeeded|failed|hostNetwork)$/,
  );
  const flags = new Set(words);
  const marked = (mark: RegExp): readonly string[] =>
    words.filter((word) => mark.test(word)).map((word) => word.replace(mark, ""));
  const addresses = words.filter((word) => parseAddress(word) !== null);
  const usual = flags.has("pending") || flags.has("hostNetwork") ? [] : [addressFor(key)];
  const phase = flags.has("succeeded") ? "Succeeded" : flags.has("failed") ? "Failed" : "Running";
  const [nodeName = null] = marked(/^@/);
  return upsert({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      namespace: namespaceName,
      name,
      labels: labelsOf(words.filter((word) => /^[a-z_].*=/.test(word))),
      ownerReferences: words
        .filter((word) => /^[A-Z]\w+\//.test(word))
        .map((word) => ({ kind: word.split("/")[0], name: word.split("/")[1], controller: true })),
      ...(flags.has("terminating") ? { deletionTimestamp: "2024-01-01T00:00:00Z" } : {}),
    },
    spec: {
      nodeName,
      hostNetwork: flags.has("hostNetwork"),
      containers: [{ ports: marked(/^:/).map(containerPort) }],
    },
    status: { phase, podIPs: (addresses.length > 0 ? addresses : usual).map((ip) => ({ ip })) },
  });
}

/** A namespace with labels: `shop team=a`. */
export function namespace(text: string): Change {
  const [name, ...words] = text.split(" ");
  return upsert({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: labelsOf(words) },
  });
}

/** A node with addresses and labels: `n1 172.18.0.2 zone=a`. */
export function node(text: string): Change {
  const [name, ...words] = text.split(" ");
  const addresses = words.filter((word) => !word.includes("=")).map((address) => ({ address }));
  const labels = labelsOf(words.filter((word) => word.includes("=")));
  const metadata = { name, labels };
  return upsert({ apiVersion: "v1", kind: "Node", metadata, status: { addresses } });
}

/**
 * A NetworkPolicy in lines of
 * `pods SELECTOR` · `types Egress` · `ingress from PEER or PEER on PORT PORT` · `egress to PEER`,
 * where a peer is `pods SELECTOR`, `namespaces SELECTOR`, both, or `10.0.0.0/8 except 10.1.0.0/16`; a
 * selector is `{}`, `app=a|b,tier!=x,key,!key`; a port is `TCP/80`, `TCP/80-90`, `UDP` or `TCP/http`.
 */
export function networkPolicy(key: string, ...lines: readonly string[]): Change {
  expectAll(lines, /^(?:pods|types|ingress|egress)( |$)/);
  const [namespaceName, name] = key.split("/");
  const [pods = "pods {}"] = lines.filter((line) => line.startsWith("pods "));
  const [types] = lines.filter((line) => line.startsWith("types "));
  const rules = (direction: string, peers: string): Json => {
    const own = lines.filter((line) => line.split(" ")[0] === direction);
    const read = own.map((line) => {
      const { peer, port } = ruleParts(line);
      return { [peers]: peer.map(namespacedPeer), ports: port.map(namespacedPort) };
    });
    return own.length === 0 ? {} : { [direction]: read };
  };
  return upsert({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { namespace: namespaceName, name },
    spec: {
      podSelector: selectorOf(pods.slice("pods ".length)),
      ...(types === undefined ? {} : { policyTypes: types.slice("types ".length).split(",") }),
      ...rules("ingress", "from"),
      ...rules("egress", "to"),
    },
  });
}

/**
 * A ClusterNetworkPolicy, named by tier, priority and name: `Admin/10/guard`, with lines such as
 * `subject namespaces SELECTOR pods SELECTOR` · `ingress Deny from namespaces SELECTOR on TCP/80` ·
 * `egress Accept to 10.0.0.0/8 or nodes SELECTOR or domain example.org`. A port `http` is by name.
 */
export function clusterPolicy(key: string, ...lines: readonly string[]): Change {
  expectAll(lines, /^(?:subject|ingress|egress) /);
  const [tier, priority, name] = key.split("/");
  const [subject = "subject namespaces {}"] = lines.filter((line) => line.startsWith("subject "));
  const rules = (direction: string, peers: string): Json => {
    const read = lines
      .filter((line) => line.startsWith(`${direction} `))
      .map((line) => {
        const { action, peer, port } = ruleParts(line);
        const protocols = port.length === 0 ? {} : { protocols: port.map(clusterPort) };
        return { action, [peers]: peer.map(clusterPeer), ...protocols };
      });
    return { [direction]: read };
  };
  return upsert({
    apiVersion: "policy.networking.k8s.io/v1alpha2",
    kind: "ClusterNetworkPolicy",
    metadata: { name },
    spec: {
      tier,
      priority: Number(priority),
      subject: clusterPeer(subject.slice("subject ".length)),
      ...rules("ingress", "from"),
      ...rules("egress", "to"),
    },
  });
}

/**
 * A claim: `closed from PEER or PEER to PEER on TCP/80 UDP`, where a peer is `namespaces SELECTOR pods
 * SELECTOR`, one of the two, `10.0.0.0/8`, or `world`.
 */
export function claim(text: string): FlowClaim {
  const match = /^(?<sense>closed|open) from (?<from>.+) to (?<to>.+?)(?: on (?<ports>.+))?$/.exec(
    text,
  );
  if (match === null) throw new Error(`not a claim: ${text}`);
  const { sense, from = "", to = "", ports } = match.groups ?? {};
  const named = endSets("pods {}", ports).ports;
  return {
    sense: sense === "open" ? "open" : "closed",
    from: from.split(" or ").flatMap((peer) => endSets(peer).sets),
    to: to.split(" or ").flatMap((peer) => endSets(peer).sets),
    ports: named === "all" ? named : named.filter((port) => port.kind === "range"),
  };
}

/** Read as the peers and ports of a ClusterNetworkPolicy. */
function endSets(peer: string, ports?: string): { sets: readonly EndSet[]; ports: Rule["ports"] } {
  if (peer === "world") return { sets: [{ kind: "world" }], ports: "all" };
  const everywhere = peer.startsWith("pods ") ? `namespaces {} ${peer}` : peer;
  const line = `egress Accept to ${everywhere}${ports === undefined ? "" : ` on ${ports}`}`;
  const change = clusterPolicy("Admin/0/claim", line);
  const rule =
    change.kind === "policy" && change.op === "upsert" ? change.object.egress.rules[0] : null;
  const peers = rule === null || rule === undefined || rule.peers === "all" ? [] : rule.peers;
  const sets = peers.flatMap((each): readonly EndSet[] =>
    each.kind === "pods" || each.kind === "addresses" ? [each] : [],
  );
  if (sets.length === 0) throw new Error(`not a peer of a claim: ${peer}`);
  return { sets, ports: rule?.ports ?? "all" };
}

/** The change that brings a Kubernetes object into an engine. */
export function upsert(raw: unknown): Change {
  const object = succeed(parseObject(raw));
  const [change] = upsertOf(object);
  if (change === undefined) throw new TypeError(`an engine knows no ${object.kind}`);
  return change;
}

/** The same for what has been read; none for an object that an engine does not know. */
export function upsertOf(object: WireObject): readonly Change[] {
  switch (object.kind) {
    case "namespace":
      return [{ kind: "namespace", op: "upsert", object: object.namespace }];
    case "node":
      return [{ kind: "node", op: "upsert", object: object.node }];
    case "pod":
      return [{ kind: "pod", op: "upsert", object: object.pod }];
    case "policy":
      return [{ kind: "policy", op: "upsert", object: object.parsed.policy }];
    case "workload":
    case "other":
      return [];
    default:
      return unreachable(object);
  }
}

/** The change that deletes the object of another change. */
export function without(change: Change): Change {
  if (change.op === "delete") return change;
  switch (change.kind) {
    case "pod":
      return { kind: "pod", op: "delete", key: podKey(change.object) };
    case "namespace":
    case "node":
      return { kind: change.kind, op: "delete", key: change.object.name };
    case "policy":
      return { kind: "policy", op: "delete", key: policyKey(change.object) };
    default:
      return unreachable(change);
  }
}

/** `shop/web -> shop/db TCP/5432`, or an address at either end. */
export function flow(text: string): Flow {
  const [from = "", , to = "", what = ""] = text.split(" ");
  const { protocol, port } = protocolAndPort(what);
  return { from: endOf(from), to: endOf(to), protocol, port: Number(port) };
}

function endOf(text: string): FlowEnd {
  const address = parseAddress(text);
  return address === null ? { kind: "pod", key: text } : { kind: "address", address };
}

/** A word that nothing reads would make a test that does not test what it says. */
function expectAll(words: readonly string[], known: RegExp): void {
  const unknown = words.filter((word) => !known.test(word));
  if (unknown.length > 0)
    throw new Error(`not in the language of the tests: ${unknown.join(", ")}`);
}

function labelsOf(words: readonly string[]): Json {
  return Object.fromEntries(
    words.map((word): [string, unknown] => {
      const [key = "", value] = word.split("=");
      return [key, value];
    }),
  );
}

/** `http=TCP/8080` */
function containerPort(text: string): Json {
  const [name, what = ""] = text.split("=");
  const { protocol, port } = protocolAndPort(what);
  return { name, protocol, containerPort: Number(port) };
}

function protocolAndPort(text: string): { protocol: Protocol; port: string } {
  const [name, port = ""] = text.split("/");
  const protocol = PROTOCOLS.find((each) => each === name);
  if (protocol === undefined) throw new Error(`not a port: ${text}`);
  return { protocol, port };
}

function ruleParts(line: string): { action: string; peer: string[]; port: string[] } {
  const match =
    /^\w+(?: (?<action>[A-Z]\w+))?(?: (?:from|to) (?<peers>.+?))?(?: on (?<ports>.+))?$/.exec(line);
  if (match === null) throw new Error(`not a rule: ${line}`);
  const { action = "", peers, ports } = match.groups ?? {};
  return { action, peer: peers?.split(" or ") ?? [], port: ports?.split(" ") ?? [] };
}

function namespacedPeer(text: string): Json {
  const [first = "", word, rest = ""] = text.split(" ");
  if (parseCidr(first) === null) return selectorPeer(text);
  return { ipBlock: { cidr: first, ...(word === "except" ? { except: rest.split(",") } : {}) } };
}

function selectorPeer(text: string): Json {
  const words = text.split(" ");
  const after = (word: string): string | undefined => words[words.indexOf(word) + 1];
  return {
    ...(words.includes("namespaces")
      ? { namespaceSelector: selectorOf(after("namespaces") ?? "") }
      : {}),
    ...(words.includes("pods") ? { podSelector: selectorOf(after("pods") ?? "") } : {}),
  };
}

function clusterPeer(text: string): Json {
  const [kind = "", rest = ""] = text.split(" ");
  if (parseCidr(kind) !== null) return { networks: [kind] };
  if (kind === "nodes") return { nodes: selectorOf(rest) };
  if (kind === "domain") return { domainNames: [rest] };
  const { namespaceSelector, podSelector } = selectorPeer(text);
  return podSelector === undefined
    ? { namespaces: namespaceSelector }
    : { pods: { namespaceSelector, podSelector } };
}

function selectorOf(text: string): Json {
  if (text === "{}") return {};
  return {
    matchExpressions: text.split(",").map((part) => {
      const [, key = "", operator, values = ""] = /^!?([^!=]+)(!?=)?(.*)$/.exec(part) ?? [];
      if (operator === undefined) {
        return { key, operator: part.startsWith("!") ? "DoesNotExist" : "Exists" };
      }
      return { key, operator: operator === "=" ? "In" : "NotIn", values: values.split("|") };
    }),
  };
}

function namespacedPort(text: string): Json {
  const { protocol, port } = protocolAndPort(text);
  if (port === "") return { protocol };
  const [first = "", last] = port.split("-");
  if (!/^\d+$/.test(first)) return { protocol, port };
  return {
    protocol,
    port: Number(first),
    ...(last === undefined ? {} : { endPort: Number(last) }),
  };
}

function clusterPort(text: string): Json {
  if (!/^(?:TCP|UDP|SCTP)/.test(text)) return { destinationNamedPort: text };
  const { protocol, port } = protocolAndPort(text);
  const [start, end] = port.split("-").map(Number);
  const destinationPort = end === undefined ? { number: start } : { range: { start, end } };
  return { [protocol.toLowerCase()]: port === "" ? {} : { destinationPort } };
}

/** An address of the pod's own, the same at every run. */
function addressFor(key: string): string {
  let hash = 2_166_136_261;
  for (const character of key) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  }
  const block = parseCidr("10.128.0.0/9");
  return formatAddress((block?.first ?? 0n) + BigInt(hash % 0x7f_ffff));
}
