import { familyOf } from "./address.ts";
import type { EndpointClass, NamespaceRecord, PodPlace, PodRecord } from "./endpoint-class.ts";
import { type Address, type Change, type Namespace, type Node, type Pod, podKey } from "./model.ts";
import type { NamespaceIndex } from "./namespace-index.ts";
import type { Partition } from "./partition.ts";
import { sameLabels } from "./selector.ts";
import { SetMap } from "./set-map.ts";

/** The pods, namespaces and nodes of the cluster, each kept in its classes. */
export class Inventory {
  readonly #namespaces: NamespaceIndex;
  readonly #partition: Partition;
  /** PERF: the slot in the glance table, which is all that most questions need. */
  readonly #slots = new Map<string, number>();
  readonly #pods: (PodRecord | undefined)[] = [];
  readonly #nodes = new Map<
    string,
    { readonly node: Node; readonly records: readonly PodRecord[] }
  >();
  /** Pods by the node they run on. */
  readonly #onNode = new SetMap<string, PodRecord>();
  readonly #byAddress = new Map<Address, PodRecord>();
  /** Who else claims an address, the latest last: mostly pods that have ended without the watch saying so yet. */
  readonly #rivals = new Map<Address, PodRecord[]>();

  constructor(namespaces: NamespaceIndex, partition: Partition) {
    this.#namespaces = namespaces;
    this.#partition = partition;
  }

  get podCount(): number {
    return this.#slots.size;
  }

  get nodeCount(): number {
    return this.#nodes.size;
  }

  /** `namespace/name` of every running pod. */
  keys(): Iterable<string> {
    return this.#slots.keys();
  }

  *pods(): Iterable<Pod> {
    // In the order in which they came: where two claim an address, it matters who came last.
    for (const slot of this.#slots.values()) {
      const record = this.#pods[slot];
      if (record !== undefined) yield record.pod;
    }
  }

  *nodes(): Iterable<Node> {
    for (const { node } of this.#nodes.values()) yield node;
  }

  pod(key: string): PodRecord | undefined {
    const slot = this.#slots.get(key);
    return slot === undefined ? undefined : this.#pods[slot];
  }

  /** Where the glance table has a pod. */
  slotOf(key: string): number | undefined {
    return this.#slots.get(key);
  }

  podIn(slot: number): PodRecord | undefined {
    return this.#pods[slot];
  }

  node(name: string): Node | undefined {
    return this.#nodes.get(name)?.node;
  }

  /** The pods that run on a node. */
  onNode(name: string): Iterable<PodRecord> {
    return this.#onNode.get(name) ?? [];
  }

  /** Whose address it is: a running pod's, or a node's (as its stand-in). */
  at(address: Address): PodRecord | undefined {
    return this.#byAddress.get(address);
  }

  /** Report whether some address of an address class is nobody's. PERF: mostly the last one is. */
  hasVacancy({ atoms }: EndpointClass): boolean {
    return atoms.some(({ first, last }) => {
      if (!this.#byAddress.has(last)) return true;
      for (let address = first; address <= last; address++) {
        if (!this.#byAddress.has(address)) return true;
      }
      return false;
    });
  }

  /** The keys of the pods that these changes concern, as things stand now. */
  affectedPods(changes: readonly Change[]): ReadonlySet<string> {
    const keys = new Set<string>();
    for (const change of changes) {
      const name = change.op === "upsert" ? change.object.name : change.key;
      if (change.kind === "pod") {
        keys.add(change.op === "upsert" ? podKey(change.object) : change.key);
      } else if (change.kind === "namespace") {
        for (const { pod } of this.#namespaces.find(name)?.pods ?? []) keys.add(podKey(pod));
      } else if (change.kind === "node") {
        for (const { pod } of this.#hostPods(name)) keys.add(podKey(pod));
      }
    }
    return keys;
  }

  /** A pod that ended has given its address up, and is no pod to us (kubernetes/website: pod lifecycle). */
  upsertPod(pod: Pod): void {
    const key = podKey(pod);
    const before = this.pod(key);
    if (pod.ended) {
      this.deletePod(key);
      return;
    }
    if (before !== undefined && samePlace(before.pod, pod)) {
      before.pod = pod;
      return;
    }
    const namespace = this.#namespaces.ensure(pod.namespace);
    this.#enter(this.#placeOf(pod, namespace), before);
  }

  deletePod(key: string): void {
    const record = this.pod(key);
    if (record === undefined) return;
    this.#slots.delete(key);
    this.#leave(record);
    if (record.namespace !== null) this.#namespaces.forgetIfUnused(record.namespace);
  }

  upsertNamespace(namespace: Namespace): void {
    this.#declare(this.#namespaces.ensure(namespace.name), namespace);
  }

  deleteNamespace(name: string): void {
    const record = this.#namespaces.find(name);
    if (record === undefined) return;
    this.#declare(record, null);
    this.#namespaces.forgetIfUnused(record);
  }

  upsertNode(node: Node): void {
    const before = this.#nodes.get(node.name);
    const records = node.addresses.map((address) => {
      const pod = standIn(node, address);
      const record = this.#partition.add({ pod, namespace: null, node, addresses: [address] });
      this.#claim(address, record);
      return record;
    });
    this.#nodes.set(node.name, { node, records });
    this.#forgetNode(before?.records ?? []);
    this.#renode(node.name, node);
  }

  deleteNode(name: string): void {
    const before = this.#nodes.get(name);
    if (before === undefined) return;
    this.#nodes.delete(name);
    this.#forgetNode(before.records);
    this.#renode(name, null);
  }

  #declare(record: NamespaceRecord, namespace: Namespace | null): void {
    if (!this.#namespaces.declare(record, namespace)) return;
    for (const pod of Array.from(record.pods)) this.#enter(pod, pod);
  }

  #renode(name: string, node: Node | null): void {
    for (const record of this.#hostPods(name)) {
      const same =
        record.node !== null && node !== null && sameLabels(record.node.labels, node.labels);
      if (!same) this.#enter({ ...record, node }, record);
    }
  }

  #placeOf(pod: Pod, namespace: NamespaceRecord): PodPlace {
    const node = (pod.node === null ? undefined : this.#nodes.get(pod.node)?.node) ?? null;
    return { pod, namespace, node, addresses: oneOfEach(pod.addresses) };
  }

  /** Put a pod into its class. It leaves the old one only then, so that no class is empty in between. */
  #enter(place: PodPlace, before: PodRecord | undefined): void {
    const { pod, namespace, node, addresses } = place;
    const record = this.#partition.add({ pod, namespace, node, addresses });
    namespace?.pods.add(record);
    if (before !== undefined) this.#leave(before);
    this.#slots.set(podKey(pod), record.slot);
    this.#pods[record.slot] = record;
    if (!pod.hostNetwork) for (const address of addresses) this.#claim(address, record);
    if (pod.node !== null) this.#onNode.add(pod.node, record);
  }

  #leave(record: PodRecord): void {
    this.#partition.remove(record);
    this.#pods[record.slot] = undefined;
    record.namespace?.pods.delete(record);
    for (const address of record.addresses) this.#release(address, record);
    const { node } = record.pod;
    if (node !== null) this.#onNode.delete(node, record);
  }

  /** The pods on the node's network: to selectors, its labels are theirs. */
  #hostPods(node: string): readonly PodRecord[] {
    return Array.from(this.onNode(node)).filter(({ pod }) => pod.hostNetwork);
  }

  #forgetNode(records: readonly PodRecord[]): void {
    for (const record of records) {
      this.#partition.remove(record);
      for (const address of record.addresses) this.#release(address, record);
    }
  }

  #claim(address: Address, record: PodRecord): void {
    const holder = this.#byAddress.get(address);
    this.#byAddress.set(address, record);
    if (holder === undefined) return;
    const rivals = this.#rivals.get(address);
    if (rivals === undefined) this.#rivals.set(address, [holder]);
    else rivals.push(holder);
  }

  #release(address: Address, record: PodRecord): void {
    const claims = [...(this.#rivals.get(address) ?? []), this.#byAddress.get(address) ?? record];
    const left = claims.filter((claim) => claim !== record);
    const holder = left.pop();
    if (holder === undefined) this.#byAddress.delete(address);
    else this.#byAddress.set(address, holder);
    if (left.length === 0) this.#rivals.delete(address);
    else this.#rivals.set(address, left);
  }
}

/** A node's address behaves as a hostNetwork pod there would. */
function standIn(node: Node, address: Address): Pod {
  return {
    namespace: "",
    name: `${node.name} ${address}`,
    labels: new Map(),
    addresses: [address],
    ports: [],
    hostNetwork: true,
    node: node.name,
    ended: false,
    workload: { kind: "Node", name: node.name },
  };
}

/** PodStatus.podIPs holds "at most 1 value for each of IPv4 and IPv6"; a second one is ignored. */
function oneOfEach(addresses: readonly Address[]): readonly Address[] {
  return addresses.filter(
    (address, index) =>
      addresses.findIndex((other) => familyOf(other) === familyOf(address)) === index,
  );
}

/** PERF: most updates of a pod change only its status; those leave the classes alone. */
function samePlace(a: Pod, b: Pod): boolean {
  return (
    a.hostNetwork === b.hostNetwork &&
    a.node === b.node &&
    sameList(a.addresses, b.addresses, (x, y) => x === y) &&
    sameList(
      a.ports,
      b.ports,
      (x, y) => x.name === y.name && x.port === y.port && x.protocol === y.protocol,
    ) &&
    sameLabels(a.labels, b.labels)
  );
}

function sameList<T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean {
  return a.length === b.length && a.every((item, index) => same(item, b[index] as T));
}
