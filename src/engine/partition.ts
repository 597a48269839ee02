import { type AddressAtom, AddressAtoms } from "./address-atoms.ts";
import {
  classKey,
  type EndpointClass,
  factKeys,
  factOf,
  factsAmong,
  familiesAmong,
  type NamespaceRecord,
  type PodPlace,
  type PodRecord,
} from "./endpoint-class.ts";
import type { GlanceTable } from "./glance-table.ts";
import { Ids } from "./ids.ts";
import type { AddressRange } from "./model.ts";
import { SetMap } from "./set-map.ts";

/** Who keeps the selectors' sets in step with the classes. */
export interface ClassListener {
  /**
   * A class is new; `origin` is the one that it was split from, which all selectors match in the same way
   * so far.
   */
  created(fresh: EndpointClass, origin: EndpointClass | null): void;
  removed(gone: EndpointClass): void;
  /** The named ports by which the class is told from others have changed. */
  portsChanged(cls: EndpointClass): void;
}

/**
 * The partition of pods and addresses into classes. It is as fine as what policies mention (facts of
 * pods: label keys, port names, node label keys; boundaries of CIDRs), and no finer: mentions are
 * counted, and the last release joins again what only that mention told apart.
 */
export class Partition {
  readonly atoms: AddressAtoms;
  readonly classes = new Set<EndpointClass>();
  /** The classes of pods that have no address yet. */
  readonly unplaced = new Set<EndpointClass>();
  /** The classes of hostNetwork pods. */
  readonly hosts = new Set<EndpointClass>();
  /** The classes of addresses of nodes. */
  readonly nodes = new Set<EndpointClass>();
  readonly #listener: ClassListener;
  readonly #glance: GlanceTable;
  readonly #byKey = new Map<string, EndpointClass>();
  readonly #byFact = new SetMap<string, EndpointClass>();
  /** How often a fact is mentioned for the pods of one namespace (`null`: for all pods). */
  readonly #mentions = new Map<NamespaceRecord | null, Map<string, number>>();
  /** How many pods have a fact of that key. */
  readonly #holders = new Map<string, number>();
  /**
   * While a preview lasts, classes that have lost their last pod are kept: they still stand for the state
   * before.
   */
  #held: EndpointClass[] | null = null;
  readonly #ids = new Ids();

  constructor(listener: ClassListener, glance: GlanceTable) {
    this.#listener = listener;
    this.#glance = glance;
    this.atoms = new AddressAtoms({
      createOutside: (first) => {
        const families = familiesAmong([first]);
        return this.#create({ kind: "address", namespace: null, host: false, families });
      },
      split: (atom, fresh) => this.#atomSplit(atom, fresh),
      merged: (atom, gone) => this.#atomMerged(atom, gone),
    });
    for (const { outside } of this.atoms.all()) listener.created(outside, null);
  }

  /** Put a pod into its class. */
  add(place: PodPlace): PodRecord {
    const atoms = place.addresses.map((address) => this.atoms.find(address));
    const facts = this.#factsOf(place);
    const key = classKey(place, facts, atoms);
    const known = this.#byKey.get(key);
    const { namespace, pod, addresses } = place;
    const families = familiesAmong(addresses);
    const cls = known ?? this.#create({ kind: "pod", namespace, host: pod.hostNetwork, families });
    const record: PodRecord = { ...place, cls, slot: this.#glance.enter(cls) };
    this.#countHolder(place, 1);
    if (cls.pods.size === 0) cls.sample = record;
    cls.pods.add(record);
    if (known === undefined) {
      cls.atoms = atoms;
      this.#index(cls, key, facts);
      this.#listener.created(cls, null);
    }
    return record;
  }

  remove(record: PodRecord): void {
    const { cls } = record;
    this.#countHolder(record, -1);
    cls.pods.delete(record);
    this.#glance.leave(record.slot);
    if (cls.pods.size > 0) {
      if (cls.sample === record) [cls.sample = null] = cls.pods;
    } else if (this.#held === null) this.#drop(cls);
    else this.#held.push(cls);
  }

  /** The classes with this fact, given as `key=value`; the key must be mentioned. */
  withFact(fact: string): Iterable<EndpointClass> {
    return this.#byFact.get(fact) ?? [];
  }

  /**
   * Selectors for pods of `namespace` (null: of any) mention these facts; classes part by them. PERF: all that one policy
   * mentions comes at once, since each class that parts gets a new key of all its facts.
   */
  mentionFacts(keys: readonly string[], namespace: NamespaceRecord | null): void {
    if (keys.length === 0) return;
    const mentions = this.#mentions.get(namespace) ?? new Map<string, number>();
    this.#mentions.set(namespace, mentions);
    const fresh: string[] = [];
    for (const key of keys) {
      const count = mentions.get(key) ?? 0;
      mentions.set(key, count + 1);
      // PERF: what nobody has tells nobody apart; a policy may name thousands of such ports and labels.
      if (count === 0 && this.#holders.has(key)) fresh.push(key);
    }
    if (fresh.length === 0) return;
    const valueOf = factsAmong(fresh);
    for (const cls of Array.from(this.#classesOf(namespace))) this.#regroup(cls, valueOf);
  }

  /** Report whether to mention a fact for pods of any namespace would part classes: a pod has it, and nobody does yet. */
  isNewFact(key: string): boolean {
    return this.#holders.has(key) && this.#mentions.get(null)?.has(key) !== true;
  }

  /** The same facts as were mentioned together. */
  releaseFacts(keys: readonly string[], namespace: NamespaceRecord | null): void {
    const unmentioned = this.#unmention(keys, namespace);
    const gone = unmentioned.filter((key) => this.#holders.has(key));
    if (gone.length === 0) return;
    const valueOf = factsAmong(gone);
    for (const cls of Array.from(this.#classesOf(namespace))) {
      if (cls.sample !== null && valueOf(cls.sample) !== undefined) this.#rekey(cls);
    }
  }

  /** Count these facts as mentioned once less; those that are not mentioned any more. */
  #unmention(keys: readonly string[], namespace: NamespaceRecord | null): readonly string[] {
    const mentions = this.#mentions.get(namespace) ?? new Map<string, number>();
    const gone: string[] = [];
    for (const key of keys) {
      const count = mentions.get(key) ?? 0;
      if (count > 1) mentions.set(key, count - 1);
      else if (mentions.delete(key)) gone.push(key);
    }
    if (mentions.size === 0) this.#mentions.delete(namespace);
    return gone;
  }

  mentionRanges(ranges: readonly AddressRange[]): void {
    this.atoms.mention(ranges);
  }

  releaseRanges(ranges: readonly AddressRange[]): void {
    this.atoms.release(ranges);
  }

  /** Keep emptied classes until `letGo`. Until then the partition can become no finer and no coarser. */
  hold(): void {
    this.#held = [];
  }

  /** An emptied class cannot be split, so nothing new may be mentioned meanwhile. */
  refuseWhileHeld(): void {
    if (this.#held !== null)
      throw new TypeError("a preview lasts, and tells of the cluster as it is");
  }

  letGo(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const cls of held) if (cls.pods.size === 0 && this.classes.has(cls)) this.#drop(cls);
  }

  #countHolder(place: PodPlace, by: 1 | -1): void {
    for (const key of factKeys(place)) {
      const count = (this.#holders.get(key) ?? 0) + by;
      if (count === 0) this.#holders.delete(key);
      else this.#holders.set(key, count);
    }
  }

  #classesOf(namespace: NamespaceRecord | null): Iterable<EndpointClass> {
    return namespace === null ? this.classes : namespace.classes;
  }

  #isMentioned(key: string, namespace: NamespaceRecord | null): boolean {
    if (this.#mentions.get(null)?.has(key) === true) return true;
    return namespace !== null && this.#mentions.get(namespace)?.has(key) === true;
  }

  #drop(cls: EndpointClass): void {
    this.#unindex(cls);
    this.classes.delete(cls);
    this.hosts.delete(cls);
    this.nodes.delete(cls);
    cls.namespace?.classes.delete(cls);
    this.#listener.removed(cls);
    this.#ids.giveBack(cls.id);
  }

  /** Part the members of a class that `valueOf` now tells apart; the largest part stays the class. */
  #regroup(cls: EndpointClass, valueOf: (record: PodPlace) => string | undefined): void {
    // PERF: nearly all classes stay whole, which costs no more than a look at each pod.
    const { sample } = cls;
    if (sample === null) return;
    const first = valueOf(sample);
    let parted = false;
    for (const record of cls.pods) {
      if (valueOf(record) !== first) {
        parted = true;
        break;
      }
    }
    if (!parted) {
      if (first !== undefined) this.#rekey(cls);
      return;
    }
    const parts = [...Map.groupBy(cls.pods, valueOf).values()];
    const [largest, ...others] = parts.toSorted((a, b) => b.length - a.length);
    if (largest !== undefined) [cls.sample = null] = largest;
    this.#rekey(cls);
    for (const records of others) this.#part(cls, records);
  }

  /** Move `records` from `origin` into a class of their own. */
  #part(origin: EndpointClass, records: readonly PodRecord[]): void {
    const [sample] = records;
    if (sample === undefined) return;
    const fresh = this.#create(origin);
    fresh.sample = sample;
    fresh.atoms = sample.addresses.map((address) => this.atoms.find(address));
    for (const record of records) {
      origin.pods.delete(record);
      this.#put(record, fresh);
    }
    const facts = this.#factsOf(sample);
    this.#index(fresh, classKey(sample, facts, fresh.atoms), facts);
    this.#listener.created(fresh, origin);
  }

  /** Give a class the key that its members have now, and join it to the one that has it already. */
  #rekey(cls: EndpointClass): void {
    if (cls.sample === null) return;
    const facts = this.#factsOf(cls.sample);
    const key = classKey(cls.sample, facts, cls.atoms);
    if (key === cls.key) return;
    const other = this.#byKey.get(key);
    if (other === undefined) {
      this.#unindex(cls);
      this.#index(cls, key, facts);
      return;
    }
    for (const member of cls.pods) {
      this.#put(member, other);
    }
    cls.pods.clear();
    this.#drop(cls);
  }

  #put(record: PodRecord, cls: EndpointClass): void {
    cls.pods.add(record);
    record.cls = cls;
    this.#glance.move(record.slot, cls);
  }

  #index(cls: EndpointClass, key: string, facts: readonly string[]): void {
    cls.key = key;
    cls.facts = facts;
    const { portsKey } = cls;
    cls.portsKey =
      cls.namespace === null ? "*" : facts.filter((fact) => fact.startsWith(":")).join();
    if (cls.portsKey !== portsKey) this.#listener.portsChanged(cls);
    this.#byKey.set(key, cls);
    for (const atom of cls.atoms) atom.classes.add(cls);
    if (cls.atoms.length === 0) this.unplaced.add(cls);
    for (const fact of facts) this.#byFact.add(fact, cls);
  }

  #unindex(cls: EndpointClass): void {
    this.#byKey.delete(cls.key);
    for (const atom of cls.atoms) atom.classes.delete(cls);
    this.unplaced.delete(cls);
    for (const fact of cls.facts) this.#byFact.delete(fact, cls);
  }

  #factsOf(place: PodPlace): readonly string[] {
    const facts: string[] = [];
    for (const key of factKeys(place)) {
      if (this.#isMentioned(key, place.namespace)) facts.push(`${key}=${factOf(place, key)}`);
    }
    return facts.length > 1 ? [...new Set(facts)].toSorted() : facts;
  }

  #create({
    kind,
    namespace,
    host,
    families,
  }: Pick<EndpointClass, "kind" | "namespace" | "host" | "families">): EndpointClass {
    const [only, second] = families;
    // PERF: what a verdict reads comes first, so that it lies together in memory.
    const cls: EndpointClass = {
      id: this.#ids.take(),
      namespace,
      egress: null,
      ingress: null,
      unchanged: null,
      plain: only === undefined || second !== undefined || host ? 0 : only,
      host,
      kind,
      pods: new Set(),
      sample: null,
      key: "",
      facts: [],
      portsKey: "*",
      atoms: [],
      families,
      selectors: new Map(),
    };
    this.#glance.addClass(cls);
    this.classes.add(cls);
    if (cls.host) (cls.namespace === null ? this.nodes : this.hosts).add(cls);
    cls.namespace?.classes.add(cls);
    return cls;
  }

  #atomSplit(atom: AddressAtom, fresh: AddressAtom): void {
    this.#listener.created(fresh.outside, atom.outside);
    for (const cls of Array.from(atom.classes)) this.#partAcross(cls, atom, fresh);
  }

  #partAcross(cls: EndpointClass, atom: AddressAtom, fresh: AddressAtom): void {
    const isBeyond = ({ addresses }: PodPlace): boolean =>
      addresses.some((address) => fresh.first <= address && address <= fresh.last);
    const moved = [...cls.pods].filter(isBeyond);
    const partly = moved.length > 0 && moved.length < cls.pods.size;
    if (partly) cls.sample = [...cls.pods].find((record) => !isBeyond(record)) ?? cls.sample;
    if (cls.sample !== null && isBeyond(cls.sample)) {
      this.#unindex(cls);
      cls.atoms = cls.atoms.map((each) => (each === atom ? fresh : each));
      this.#index(cls, classKey(cls.sample, cls.facts, cls.atoms), cls.facts);
    }
    if (partly) this.#part(cls, moved);
  }

  #atomMerged(atom: AddressAtom, gone: AddressAtom): void {
    for (const cls of Array.from(gone.classes)) {
      this.#unindex(cls);
      cls.atoms = cls.atoms.map((each) => (each === gone ? atom : each));
      this.#rekey(cls);
    }
    this.classes.delete(gone.outside);
    this.#listener.removed(gone.outside);
    this.#ids.giveBack(gone.outside.id);
  }
}
