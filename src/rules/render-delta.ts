import {
  type Family,
  familyOf,
  formatRange,
  IPV4_SPACE,
  IPV6_SPACE,
  rangeSize,
} from "../engine/address.ts";
import type { AddressRange } from "../engine/model.ts";
import type { Delta, Endpoint, FlowGroup, FlowList, Group } from "../engine/query.ts";
import { mostAddresses } from "./most-addresses.ts";
import { counted, someOf } from "./phrases.ts";
import { renderPorts } from "./render-ports.ts";

/** How many ends of a group, and how many groups of flows, a line names before it counts. */
const MAX_ENDS = 2;
const MAX_GROUPS = 2;

/** A range that is more than a 64th of its family counts as the world: most blocks with exceptions are. */
const WORLD_BITS = 6n;
const WORLDLY: Readonly<Record<Family, bigint>> = {
  4: rangeSize(IPV4_SPACE) >> WORLD_BITS,
  6: rangeSize(IPV6_SPACE) >> WORLD_BITS,
};

/** What opens and what closes: `shop/web → shop/db TCP 5432`, or `nothing`. */
export interface Effect {
  readonly opened: string;
  readonly closed: string;
}

/** The effect of a change, in words. */
export function renderDelta({ opened, closed }: Delta): Effect {
  return { opened: renderFlows(opened), closed: renderFlows(closed) };
}

/** `opens shop/web → shop/db TCP 5432; closes nothing`, null where nothing opens or closes. */
export function renderEffect({ opened, closed }: Effect): string | null {
  return opened === NOTHING && closed === NOTHING ? null : `opens ${opened}; closes ${closed}`;
}

const NOTHING = "nothing";

/** The widest groups of flows and how many more there are, `omitted` added; `nothing` for none. */
function renderFlows(flows: readonly FlowGroup[], omitted = 0): string {
  if (flows.length === 0) return NOTHING;
  // PERF: there may be a hundred thousand of them, each with thousands of ranges.
  const wide = flows.map((flow) => ({ flow, width: width(flow) }));
  const widest = wide.toSorted((a, b) => b.width - a.width).slice(0, MAX_GROUPS);
  const rest = flows.length - widest.length + omitted;
  return `${widest.map(({ flow }) => renderFlow(flow)).join("; ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** The same of a list that is capped already. */
export function renderFlowList({ groups, omitted }: FlowList): string {
  return renderFlows(groups, omitted);
}

/** How many pods a list of flows is about: those they come from, or go to if they come from addresses. */
export function podsIn({ from, to }: FlowList): number {
  return from > 0 ? from : to;
}

/** `1 pod`, `214 pods`, `at least 100000 pods`. */
export function renderPodCount(list: FlowList): string {
  return `${list.complete ? "" : "at least "}${counted(podsIn(list), "pod")}`;
}

/** The flows that break an invariant, and how many pods they are about. */
export function renderBreaches(list: FlowList): string {
  return `${renderFlowList(list)} (${renderPodCount(list)})`;
}

/** How much a reader should mind: the world before pods, many pods before few. */
function width({ from, to }: FlowGroup): number {
  const world = [from, to].some(
    ({ everyIpv4, everyIpv6, endpoints }) => everyIpv4 || everyIpv6 || endpoints.some(isWorldly),
  );
  return world ? Number.MAX_SAFE_INTEGER : from.pods + to.pods;
}

function renderFlow({ from, to, ports }: FlowGroup): string {
  return `${renderGroup(from)} → ${renderGroup(to)} ${renderPorts(ports)}`;
}

/** `any address`, `every pod`, `dev/*`, `shop/web`: the widest words that are true, the world first. */
export function renderGroup(group: Group): string {
  if (group.everyPod && group.everyIpv4 && group.everyIpv6) return "anything";
  const world = worldOf(group);
  const workloads: string[] = [];
  const wide: AddressRange[] = [];
  const narrow: AddressRange[] = [];
  for (const end of group.endpoints) {
    if (end.kind === "workload") {
      const isTold = group.everyPod || group.whole.includes(end.namespace);
      if (!isTold) workloads.push(`${end.namespace}/${end.workload.name}`);
    } else if (!world.has(familyOf(end.range.first))) {
      (isWorldly(end) ? wide : narrow).push(end.range);
    }
  }
  // PERF: there may be tens of thousands of ranges; those that are not named are only counted.
  const ends = new Set([
    ...world.values(),
    ...wide.slice(0, MAX_ENDS).map(formatRange),
    ...(group.everyPod ? ["every pod"] : group.whole.map((name) => `${name}/*`)),
    ...workloads,
    ...narrow.slice(0, MAX_ENDS).map(formatRange),
  ]);
  const named = [...ends].slice(0, MAX_ENDS);
  if (group.omitted > 0) return `${named.join(", ")} and others, ${group.pods} pods in all`;
  const unsaid = Math.max(wide.length - MAX_ENDS, 0) + Math.max(narrow.length - MAX_ENDS, 0);
  return someOf(named, ends.size + unsaid);
}

/** The families of which a group holds most addresses, in words. */
function worldOf({ everyIpv4, everyIpv6, endpoints }: Group): ReadonlyMap<Family, string> {
  const world = new Map<Family, string>();
  if (everyIpv4 && everyIpv6) return world.set(4, "any address").set(6, "any address");
  const ranges = endpoints.flatMap((end) => (end.kind === "addresses" ? [end.range] : []));
  for (const family of ranges.length === 0 ? [] : ([4, 6] as const)) {
    const most = mostAddresses(family, ranges, MAX_ENDS);
    if (most !== null) world.set(family, most);
  }
  return world;
}

/** Report whether an end is a good part of all addresses. */
function isWorldly(end: Endpoint): boolean {
  if (end.kind !== "addresses") return false;
  const { first, last } = end.range;
  return last - first >= WORLDLY[familyOf(first)];
}
