import { rangeSize } from "../engine/address.ts";
import { NO_PORTS, type PortSet } from "../engine/port-set.ts";
import type { Connection, Endpoint, FlowPair } from "../engine/query.ts";
import { endName, MAX_ROWS } from "./connection-rows.ts";
import { resolverAssumptions } from "./findings/assumed-surroundings.ts";
import type { Governance } from "./findings/governance.ts";
import { emptyAssumptions } from "./findings/knowledge.ts";
import { type Objections, objectionsTo } from "./findings/objections.ts";
import { usageError } from "./input-error.ts";
import type { Report } from "./report.ts";
import { baselineAssumptions } from "./sources/assumed-baseline.ts";
import { changesBetween, type World, writtenIn } from "./sources/world.ts";

/** What opens and closes between two worlds, most dangerous first. */
export interface Difference {
  readonly opened: readonly Connection[];
  readonly closed: readonly Connection[];
  readonly unsure: readonly Connection[];
  readonly objections: Objections;
  readonly assumptions: readonly string[];
}

/** The difference in connections, from workload to workload. */
export function differenceBetween(
  before: World,
  after: World,
  governance: Governance,
  report: Pick<Report, "progress">,
): Difference {
  const delta = before.engine.difference(changesBetween(before, after), "workload", MAX_ROWS + 1);
  if ([delta.opened, delta.closed, delta.unsure].some(({ length }) => length > MAX_ROWS)) {
    throw usageError(`more than ${MAX_ROWS} connections open or close: compare less at a time`);
  }
  const policies = [before, after].flatMap((world) => writtenIn(world, null));
  const objections = objectionsTo(before, after, governance, report);
  const isAboutDns = objections.findings.some(({ rule }) => rule === "dns-egress");
  return {
    opened: inOrder(delta.opened),
    closed: inOrder(delta.closed),
    unsure: inOrder(delta.unsure),
    objections,
    assumptions: [
      ...baselineAssumptions([before, after]),
      ...emptyAssumptions(policies, after),
      ...(isAboutDns ? resolverAssumptions([...after.policies.values()], after) : []),
    ],
  };
}

function inOrder(pairs: readonly FlowPair[]): readonly Connection[] {
  const rows = pairs.map(({ from, to, ports }) => ({
    from,
    to,
    allowed: ports,
    unknown: NO_PORTS,
  }));
  const bySource = Map.groupBy(rows, ({ from }) => endName(from));
  return rows
    .map((row) => {
      const [from, to] = [endName(row.from), endName(row.to)];
      return { row, danger: dangerOf(row, bySource.get(from)?.length ?? 0), name: `${from} ${to}` };
    })
    .toSorted((a, b) => compareLists(b.danger, a.danger) || (a.name < b.name ? -1 : 1))
    .map(({ row }) => row);
}

/**
 * From outside, then to outside, then across namespaces; among equals the wider one, and one whose source
 * reaches many.
 */
function dangerOf({ from, to, allowed }: Connection, fromThere: number): readonly number[] {
  const reach = [from, to].map(addressBits).reduce((sum, bits) => sum + bits, 0);
  return [wayOf(from, to), reach, fromThere, width(allowed)];
}

function wayOf(from: Endpoint, to: Endpoint): number {
  if (from.kind === "addresses") return 3;
  if (to.kind === "addresses") return 2;
  return from.namespace === to.namespace ? 0 : 1;
}

/** How many addresses, as a power of two. */
function addressBits(end: Endpoint): number {
  return end.kind === "addresses" ? rangeSize(end.range).toString(2).length : 0;
}

function width({ bounds }: PortSet): number {
  let ports = 0;
  for (let index = 0; index < bounds.length; index += 2) {
    ports += (bounds[index + 1] ?? 0) - (bounds[index] ?? 0) + 1;
  }
  return ports;
}

function compareLists(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
