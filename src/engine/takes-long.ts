import { blocksOf } from "./compile.ts";
import type { Pod, Policy, Rule, Selection, Selector } from "./model.ts";
import type { EngineView } from "./query.ts";
import { scopeKey, selectionKey } from "./selector.ts";

/** A rule is only written into the rows of pods that the policy selects; a selector is looked up in each of them as well. */
const RULES_PER_SELECTOR = 2;

/** A label key or port name that nobody has asked for yet has the pods told apart anew, by all others as well. */
const FACTS_PER_SELECTOR = 40;

/** To match addresses, and to tell the answers apart that they give, takes twice as long as to match a selector. */
const SELECTORS_PER_ADDRESS = 2;

/** A selector takes its time also where nobody has its label, and so do pods that are counted: a tenth of what it takes to match them. */
const COUNTS_PER_MATCH = 10;

/**
 * A policy of a tier may be about all pods of a cluster, however many there are, but not by hundreds of selectors: an
 * AdminNetworkPolicy may have twenty thousand.
 */
const PEERS_IN_TIER = 64;

/**
 * Report whether, to judge a policy of so many `parts` (`countParts`), the engine would have to match its selectors and
 * write its rules more than `limit` times: for each of them the pods count that it may select. An upper bound; pods are
 * not looked at where it is low anyway.
 */
export function takesLong(
  policy: Policy,
  parts: number,
  { engine, limit }: { readonly engine: EngineView; readonly limit: number },
): boolean {
  if (policy.tier !== "NetworkPolicy" && peerCount(policy) <= PEERS_IN_TIER) return false;
  // PERF: nearly every policy has so few parts that nobody need look at them (`bench -- admission`).
  const most = parts + 1;
  const ofAddresses = limit / SELECTORS_PER_ADDRESS;
  if (engine.addressEffort(blocksOf(policy), ofAddresses) > ofAddresses) return true;
  if ((most + most ** 2 / FACTS_PER_SELECTOR) * engine.podCount() <= limit) return false;
  const rules = [...policy.ingress.rules, ...policy.egress.rules];
  const selections = new Map(
    [policy.subject, ...rules.flatMap(selectionsOf)].map((one) => [selectionKey(one), one]),
  );
  const facts = new Set([
    ...rules.flatMap(portNamesOf),
    ...[...selections.values()].flatMap(keysOf),
  ]);
  const fresh = [...facts].filter((key) => engine.isNewFact(key)).length;
  const apart = (fresh * facts.size) / FACTS_PER_SELECTOR;
  if ((rules.length + selections.size + apart) * engine.podCount() <= limit) return false;
  const scopes = new Scopes(engine, facts);
  scopes.effort += apart * engine.podCount();
  scopes.effort += (rules.length / RULES_PER_SELECTOR) * scopes.selected(policy.subject);
  for (const selection of selections.values()) {
    scopes.effort += scopes.selected(selection);
    if (scopes.effort > limit) return true;
  }
  return false;
}

function peerCount({ ingress, egress }: Policy): number {
  const rules = [...ingress.rules, ...egress.rules];
  return rules.reduce((sum, { peers }) => sum + (peers === "all" ? 0 : peers.length), 0);
}

function selectionsOf({ peers }: Rule): readonly Selection[] {
  if (peers === "all") return [];
  return peers.flatMap((peer) => (peer.kind === "pods" ? peer.selection : []));
}

function portNamesOf({ ports }: Rule): readonly string[] {
  return ports === "all"
    ? []
    : ports.flatMap((port) => (port.kind === "named" ? `:${port.name}` : []));
}

function keysOf({ pods }: Selection): readonly string[] {
  return pods.map(({ key }) => key);
}

/** The pods of namespaces, counted by label as far as somebody asks. */
class Scopes {
  readonly #engine: EngineView;
  readonly #keys: ReadonlySet<string>;
  readonly #pods = new Map<string, readonly Pod[]>();
  readonly #counts = new Map<string, Counts>();
  readonly #asked = new Set<string>();
  /** To count takes its time too. */
  effort = 0;

  /** `keys`: of the labels that will be asked for. */
  constructor(engine: EngineView, keys: ReadonlySet<string>) {
    this.#engine = engine;
    this.#keys = keys;
  }

  /** How many pods a selection has at most: those of its namespaces, with the label that the fewest have. */
  selected({ namespaces, pods }: Selection): number {
    const scope = scopeKey(namespaces);
    const there = this.#podsIn(scope, namespaces);
    const counts = pods.flatMap(({ key, operator, values }) => {
      if (operator !== "In") return [];
      const byValue = this.#countsOf(scope, there, key);
      return values.reduce((sum, value) => sum + (byValue?.get(value) ?? 0), 0);
    });
    return Math.min(there.length, ...counts);
  }

  #podsIn(scope: string, namespaces: Selection["namespaces"]): readonly Pod[] {
    const known = this.#pods.get(scope);
    if (known !== undefined) return known;
    const names = namespaces.kind === "name" ? [namespaces.name] : this.#named(namespaces.selector);
    const pods = names.flatMap((name) => [...this.#engine.podsOf(name)]);
    this.effort += pods.length / COUNTS_PER_MATCH;
    this.#pods.set(scope, pods);
    return pods;
  }

  #named(selector: Selector): readonly string[] {
    this.effort += this.#engine.namespaceCount() / COUNTS_PER_MATCH;
    return this.#engine.matchingNamespaces(selector).map(({ name }) => name);
  }

  #countsOf(
    scope: string,
    pods: readonly Pod[],
    key: string,
  ): ReadonlyMap<string, number> | undefined {
    const asked = `${scope} ${key}`;
    if (!this.#asked.has(asked)) this.effort += pods.length / COUNTS_PER_MATCH;
    this.#asked.add(asked);
    const counts = this.#counts.get(scope) ?? countLabels(pods, this.#keys);
    this.#counts.set(scope, counts);
    return counts.get(key);
  }
}

/** How many pods have a label, by key and value. */
type Counts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** PERF: a policy may ask for thousands of keys, and a pod have thousands of labels, but seldom both. */
function countLabels(pods: readonly Pod[], keys: ReadonlySet<string>): Counts {
  const counts = new Map<string, Map<string, number>>();
  for (const { labels } of pods) {
    for (const key of labels.size < keys.size ? labels.keys() : keys) {
      const value = keys.has(key) ? labels.get(key) : undefined;
      if (value === undefined) continue;
      const byValue = counts.get(key) ?? new Map<string, number>();
      counts.set(key, byValue.set(value, (byValue.get(value) ?? 0) + 1));
    }
  }
  return counts;
}
