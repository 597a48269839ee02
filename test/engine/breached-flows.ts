/** The flows that break a claim as the engine tells them, one by one, to be compared with the oracle's. */
import { expect } from "vitest";
import { rangeContains } from "../../src/engine/address.ts";
import { type Change, type FlowClaim, type Pod, podKey } from "../../src/engine/model.ts";
import { hasPoint, portPoint } from "../../src/engine/port-set.ts";
import type { Breaches, Endpoint, FlowList } from "../../src/engine/query.ts";
import { PROBES, type Probe } from "./arbitrary-world.ts";
import { type NaiveEnd, naiveBreaches, naiveEnds } from "./claim-oracle.ts";
import type { World } from "./oracle.ts";

/** The pod as a workload of its own, so that groups name it alone. */
export function alone(pod: Pod): Pod {
  return { ...pod, workload: { kind: "Pod", name: pod.name } };
}

/** The same for the pod of a change. */
export function withPodAlone(each: Change): Change {
  return each.kind === "pod" && each.op === "upsert"
    ? { ...each, object: alone(each.object) }
    : each;
}

/** The breaches are those that the oracle finds. */
export function expectBreaches(
  w: World,
  claim: FlowClaim,
  { certain, perhaps }: Breaches,
  probes: readonly Probe[] = PROBES,
): void {
  const all = naiveEnds(w);
  const plain = all.filter(({ host }) => !host);
  const naive = naiveBreaches(w, claim, { ends: plain, probes });
  expect(breachedFlows(certain, plain, probes)).toEqual(naive.certain);
  expect(breachedFlows(perhaps, plain, probes)).toEqual(naive.perhaps);
  // Of ends on a node's network an engine of classes may be unsure, but never wrong.
  const truth = naiveBreaches(w, claim, { ends: all, probes });
  const sure = breachedFlows(certain, all, probes);
  const unsure = breachedFlows(perhaps, all, probes);
  const pods = all.filter(({ pod }) => pod !== null);
  expect(breachedFlows(certain, pods, probes).difference(truth.certain)).toEqual(new Set());
  expect(truth.certain.difference(sure).difference(unsure)).toEqual(new Set());
  expect(truth.perhaps.difference(unsure)).toEqual(new Set());
}

/** The flows of a list between these ends at the probes, as the oracle writes them. */
export function breachedFlows(
  list: FlowList,
  ends: readonly NaiveEnd[],
  probes: readonly Probe[] = PROBES,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { from, to, ports } of list.groups) {
    const [sources, targets] = [from, to].map((group) =>
      ends.filter((end) => group.endpoints.some((each) => isAt(each, end))),
    );
    for (const a of sources ?? []) {
      for (const b of targets ?? []) {
        if (a.text === b.text) continue;
        for (const { protocol, port } of probes) {
          if (hasPoint(ports, portPoint(protocol, port))) {
            found.add(`${a.text} ${b.text} ${protocol}/${port}`);
          }
        }
      }
    }
  }
  return found;
}

function isAt(endpoint: Endpoint, { pod, addresses }: NaiveEnd): boolean {
  if (endpoint.kind === "workload") {
    return pod !== null && podKey(pod) === `${endpoint.namespace}/${endpoint.workload.name}`;
  }
  const [address] = addresses;
  return pod === null && address !== undefined && rangeContains(endpoint.range, address);
}

/** The pods at one end of the groups that have somebody else at the other. */
export function podsOf(list: FlowList, end: "from" | "to"): ReadonlySet<string> {
  const text = (each: Endpoint): string =>
    each.kind === "addresses" ? "" : `${each.namespace}/${each.workload.name}`;
  return new Set(
    list.groups.flatMap((group) => {
      const others = new Set(group[end === "from" ? "to" : "from"].endpoints.map(text));
      return group[end].endpoints
        .filter(({ kind }) => kind === "workload")
        .map(text)
        .filter((key) => others.size > 1 || !others.has(key));
    }),
  );
}
