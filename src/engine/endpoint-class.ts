import { type Family, familyOf } from "./address.ts";
import type { AddressAtom } from "./address-atoms.ts";
import type { Item } from "./item.ts";
import {
  type Address,
  type Labels,
  NAME_LABEL,
  type Namespace,
  type Node,
  type Pod,
} from "./model.ts";
import type { ScopeEntry } from "./namespace-index.ts";
import type { Row } from "./row.ts";
import type { SelectorEntry } from "./selector-index.ts";

/** How surely something matches: not, perhaps, surely. Ordered, so that AND is min and OR is max. */
export type Match = 0 | 1 | 2;
export const NO = 0;
export const PERHAPS = 1;
export const YES = 2;

/** Both must match. */
export function least(a: Match, b: Match): Match {
  return a < b ? a : b;
}

/** Either may match. */
export function most(a: Match, b: Match): Match {
  return a > b ? a : b;
}

/** A namespace and what lives in it. Undeclared: pods name it, but no object of it has been seen. */
export interface NamespaceRecord {
  readonly id: number;
  readonly name: string;
  declared: Namespace | null;
  /** Counts changes of labels: classes of different generations never mix. */
  generation: number;
  readonly pods: Set<PodRecord>;
  readonly classes: Set<EndpointClass>;
  /** The distinct namespace scopes that hold it, surely or perhaps. */
  readonly scopes: Set<ScopeEntry>;
}

/** A pod or a node's stand-in, before it has a class. */
export interface PodPlace {
  readonly pod: Pod;
  /** Null for a node, which stands in for one of its addresses. */
  readonly namespace: NamespaceRecord | null;
  readonly node: Node | null;
  /** The addresses that count: at most one of each family. */
  readonly addresses: readonly Address[];
}

/** A running pod in its class. `pod` is replaced when nothing changed that a selector could see. */
export interface PodRecord extends PodPlace {
  pod: Pod;
  cls: EndpointClass;
  /** Where the glance table has it. */
  readonly slot: number;
}

/**
 * Endpoints that no policy can tell apart: pods by namespace, mentioned labels and named ports,
 * hostNetwork and address atoms; or the addresses of one atom that no pod has.
 */
export interface EndpointClass {
  readonly id: number;
  readonly kind: "pod" | "address";
  readonly namespace: NamespaceRecord | null;
  readonly host: boolean;
  readonly pods: Set<PodRecord>;
  /** Any member: they are alike in all that is mentioned. Null for addresses. */
  sample: PodPlace | null;
  key: string;
  /** The mentioned facts as `key=value`, by which selectors find the class. */
  facts: readonly string[];
  /** Where the named ports that rules mention lead; `*` for addresses, which have no names. */
  portsKey: string;
  /** One of each family the members have an address of; none while they have no address. */
  atoms: readonly AddressAtom[];
  /** The families of `atoms`; lists with the same families are one. */
  readonly families: readonly Family[];
  /** PERF: the family of pods that have one address of their own, as nearly all do; else 0. */
  readonly plain: FlowFamily;
  readonly selectors: Map<SelectorEntry, Match>;
  egress: Row | null;
  ingress: Row | null;
  /** PERF: all of it as one item with these rows before and after, once it has been asked for. */
  unchanged: readonly Item[] | null;
}

/** Report whether a class stands for addresses of nodes, which are no end that an answer lists. */
export function isNode(cls: EndpointClass): boolean {
  return cls.kind === "pod" && cls.namespace === null;
}

/** The family of a flow; 0 where neither end has an address yet. */
export type FlowFamily = Family | 0;

const UNPLACED: readonly FlowFamily[] = [0];
const NONE: readonly Family[] = [];
const IPV4: readonly Family[] = [4];
const IPV6: readonly Family[] = [6];
const DUAL: readonly Family[] = [4, 6];

/** The families of these addresses; equal lists are one. */
export function familiesAmong(addresses: readonly Address[]): readonly Family[] {
  let [has4, has6] = [false, false];
  for (const address of addresses) {
    if (familyOf(address) === 4) has4 = true;
    else has6 = true;
  }
  if (has4 && has6) return DUAL;
  return has4 ? IPV4 : has6 ? IPV6 : NONE;
}

/** The families a flow between two classes may be of. PERF: mostly both have the same one. */
export function flowFamilies(a: EndpointClass, b: EndpointClass): readonly FlowFamily[] {
  const [ofA, ofB] = [a.families, b.families];
  if (ofB === ofA || ofB.length === 0) return ofA.length === 0 ? UNPLACED : ofA;
  return ofA.length === 0 ? ofB : ofA.filter((family) => ofB.includes(family));
}

/** A fact of a pod that selectors can ask for: a label, a named port (`:name`), or a label of its node (`@key`). */
export function factOf(record: PodPlace, key: string): string | undefined {
  if (key.startsWith(":")) return namedPort(record.pod, key.slice(1));
  if (key.startsWith("@")) {
    return record.pod.hostNetwork ? record.node?.labels.get(key.slice(1)) : undefined;
  }
  return record.pod.labels.get(key);
}

/** The keys of all facts of a pod. */
export function factKeys(record: PodPlace): readonly string[] {
  const keys = [...record.pod.labels.keys()];
  for (const { name } of record.pod.ports) keys.push(`:${name}`);
  if (record.pod.hostNetwork && record.node !== null) {
    for (const key of record.node.labels.keys()) keys.push(`@${key}`);
  }
  return keys;
}

/** PERF: up to this many keys are looked up in a pod; beyond, those that it has are picked out. */
const FEW = 8;

/** What a pod has of the facts of these keys, as text; undefined where it has none of them. */
export function factsAmong(keys: readonly string[]): (record: PodPlace) => string | undefined {
  const [only, second] = keys;
  if (only !== undefined && second === undefined) return (record) => factOf(record, only);
  const wanted = new Set(keys);
  return (record) => {
    const own = keys.length <= FEW ? wanted : new Set(factKeys(record).toSorted());
    let text: string | undefined;
    for (const key of own) {
      const value = wanted.has(key) ? factOf(record, key) : undefined;
      if (value !== undefined) text = `${text ?? ""} ${key}=${value}`;
    }
    return text;
  };
}

/** Where a named port of the pod leads, as text; undefined where it has none of that name. */
function namedPort(pod: Pod, name: string): string | undefined {
  const found = pod.ports.filter((port) => port.name === name);
  return found.length === 0
    ? undefined
    : found
        .map(({ protocol, port }) => `${protocol}/${port}`)
        .toSorted()
        .join(",");
}

/** The namespace's labels as far as they are known: an undeclared one has only its automatic label. */
export function namespaceLabels(namespace: NamespaceRecord): Labels {
  return namespace.declared?.labels ?? new Map([[NAME_LABEL, namespace.name]]);
}

/** What pods of one class have in common, as text: where they are, their `facts` and the atoms of their addresses. */
export function classKey(
  { namespace, pod, node }: PodPlace,
  facts: readonly string[],
  atoms: readonly AddressAtom[],
): string {
  // Not by its name: a namespace that was forgotten may come back, and have another record then.
  const place = namespace === null ? `node ${pod.name}` : `${namespace.id}#${namespace.generation}`;
  const host = pod.hostNetwork ? (node === null ? "h?" : "h") : "";
  return `${place}|${facts.join(" ")}|${host}|${atoms.map(({ id }) => id).join()}`;
}
