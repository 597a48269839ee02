import { rangeSize } from "../../engine/address.ts";
import { NO_PORTS, type PortSet } from "../../engine/port-set.ts";
import type { Connection, Endpoint, FlowPair } from "../../engine/query.ts";
import { endName, mergeAddresses, rowData } from "../connection-rows.ts";
import { resolverAssumptions } from "../findings/assumed-surroundings.ts";
import { counts, findingData } from "../findings/finding.ts";
import { Governance } from "../findings/governance.ts";
import { emptyAssumptions } from "../findings/knowledge.ts";
import { type Objections, objectionsTo } from "../findings/objections.ts";
import { EXIT, usageError } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { renderDifference, renderDifferenceMarkdown } from "../render/difference-text.ts";
import { renderDocument } from "../render/document.ts";
import { createPaint } from "../render/text.ts";
import { createReport, type Report } from "../report.ts";
import { baselineAssumptions } from "../sources/assumed-baseline.ts";
import { readConfig } from "../sources/config-files.ts";
import { EVERYTHING, openSource, type SourceFlags } from "../sources/load-world.ts";
import { changesBetween, type World, writtenIn } from "../sources/world.ts";

export interface DiffFlags extends SourceFlags {
  readonly profile?: string;
  readonly config?: readonly string[];
  readonly output: "text" | "json" | "yaml" | "markdown";
}

/** Rules ask for more than connections do. */
const SCOPE = { ...EVERYTHING, services: true, workloads: true, resources: true };

/** What opens and closes between two worlds, most dangerous first. */
export interface Difference {
  readonly opened: readonly Connection[];
  readonly closed: readonly Connection[];
  readonly unsure: readonly Connection[];
  readonly objections: Objections;
  readonly assumptions: readonly string[];
}

/** Compare two sets of manifests, or a cluster or folder with files as if they were applied to it. */
export async function diff(flags: DiffFlags, trees: readonly string[]): Promise<Outcome> {
  const report = createReport();
  const { before, after } = await readBoth(flags, trees, report);
  const governance = await Governance.read(after, report, flags.profile);
  const difference = compare(before, after, governance);
  const { opened, closed, unsure } = difference;
  const isForbidden = difference.objections.findings.some((finding) => counts(finding, "error"));
  const found = opened.length + closed.length + unsure.length > 0 || isForbidden;
  return { text: render(difference, flags.output), exitCode: found ? EXIT.found : EXIT.ok };
}

async function readBoth(
  flags: DiffFlags,
  [old, next, ...others]: readonly string[],
  report: Report,
): Promise<{ readonly before: World; readonly after: World }> {
  const config = await readConfig(flags.config);
  if (old === undefined) {
    if (flags.filename === undefined) {
      throw usageError("nothing to compare: give two folders OLD NEW, or -f FILE");
    }
    return (await openSource(flags, report, config)).loadWithFiles(SCOPE);
  }
  if (next === undefined || others.length > 0 || flags.manifests !== undefined) {
    throw usageError("give two folders OLD NEW, or -f FILE against a cluster or --manifests");
  }
  const [before, after] = await Promise.all(
    [old, next].map(async (path) => {
      const source = await openSource({ ...flags, manifests: [path] }, report, config);
      return source.load(SCOPE);
    }),
  );
  if (before === undefined || after === undefined) throw new TypeError("two paths, two worlds");
  return { before, after };
}

/** The difference in connections, from workload to workload. */
function compare(before: World, after: World, governance: Governance): Difference {
  const delta = before.engine.difference(changesBetween(before, after), "workload");
  const policies = [before, after].flatMap((world) => writtenIn(world, null));
  const objections = objectionsTo(before, after, governance);
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
  const merged = mergeAddresses(rows);
  const bySource = Map.groupBy(merged, ({ from }) => endName(from));
  return merged
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

function render(difference: Difference, format: DiffFlags["output"]): string {
  if (format === "text") return renderDifference(difference, createPaint());
  if (format === "markdown") return renderDifferenceMarkdown(difference);
  const { opened, closed, unsure, objections, assumptions } = difference;
  const body = {
    opened: opened.map((row) => {
      const rules = objections.forbiddenBy(row);
      return rules.length === 0 ? rowData(row) : { ...rowData(row), forbiddenBy: rules };
    }),
    closed: closed.map(rowData),
    unsure: unsure.map(rowData),
    findings: objections.findings.map(findingData),
    assumptions,
  };
  return renderDocument("Difference", body, format);
}
