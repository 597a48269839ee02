import { z } from "zod";
import { formatAddress, IPV4_SPACE, parseAddress } from "../../src/engine/address.ts";
import type { Address, AddressRange } from "../../src/engine/model.ts";
import {
  ALL_PORTS,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  portIntervals,
  portSet,
  unionPorts,
} from "../../src/engine/port-set.ts";
import type { Connection, Endpoint } from "../../src/engine/query.ts";

/** A workload as `namespace/name[Kind]`, or addresses outside. */
export type End = string | AddressRange;

/** What is open between two ends before a change and after it; where there is no change, only `after` is set. */
export interface Entry {
  readonly from: End;
  readonly to: End;
  readonly before: PortSet;
  readonly after: PortSet;
}

const addressSchema = z.string().transform((text, context): Address => {
  const address = parseAddress(text);
  if (address !== null) return address;
  context.addIssue({ code: "custom", message: `\`${text}\` is not an address`, input: text });
  return z.NEVER;
});

/** An end as netpol-analyzer writes it; outside ones may be several ranges. */
export const endsSchema = z.union([
  z.string().transform((name): readonly End[] => [name]),
  z
    .object({ external: z.array(z.tuple([addressSchema, addressSchema])) })
    .transform(({ external }): readonly End[] =>
      external.map(([first, last]) => ({ first, last })),
    ),
]);

/** What is open, as netpol-analyzer writes it. */
export const portsSchema = z.union([
  z.literal("all").transform(() => ALL_PORTS),
  z
    .array(
      z.object({
        protocol: z.enum(["TCP", "UDP", "SCTP"]),
        ports: z.array(z.tuple([z.int(), z.int()])),
      }),
    )
    .transform((protocols) =>
      portSet(
        protocols.flatMap(({ protocol, ports }) =>
          ports.map(([first, last]) => ({ protocol, first, last })),
        ),
      ),
    ),
]);

/** What is open according to the engine. IPv6 is left out, as netpol-analyzer does not know it. */
export function entriesOf(
  connections: readonly Connection[],
  moment: "before" | "after",
): readonly Entry[] {
  return connections.flatMap(({ from, to, allowed }): readonly Entry[] => {
    const ends = { from: endOf(from), to: endOf(to) };
    // A workload of several pods may talk to itself, which netpol-analyzer never lists.
    if (ends.from === ends.to || [ends.from, ends.to].some(isIpv6)) return [];
    return [{ ...ends, before: NO_PORTS, after: NO_PORTS, [moment]: allowed }];
  });
}

/**
 * The entries as lines that are equal if and only if the same is open for the same addresses, however they are
 * cut into ranges. A pair where nothing is open, or nothing changes, has no line.
 */
export function linesOf(entries: readonly Entry[]): readonly string[] {
  const pairs = Map.groupBy(entries, ({ from, to }) => `${nameOf(from)} -> ${nameOf(to)}`);
  return [...pairs].flatMap(([pair, ofPair]) => pairLines(pair, ofPair)).toSorted();
}

/** A Deployment's pods are to netpol-analyzer those of its ReplicaSet, and to us too where a label is missing. */
function nameOf(end: End): string {
  return typeof end === "string"
    ? end.replace(/-[0-9a-f]{8,10}\[ReplicaSet\]$/, "[Deployment]")
    : "*";
}

function pairLines(pair: string, entries: readonly Entry[]): readonly string[] {
  const lines: { text: string; first: Address; last: Address }[] = [];
  for (const { first, last } of stretchesOf(entries)) {
    const here = entries.filter((entry) => {
      const range = rangeOf(entry);
      return range.first <= first && last <= range.last;
    });
    const before = here.map((entry) => entry.before).reduce(unionPorts, NO_PORTS);
    const after = here.map((entry) => entry.after).reduce(unionPorts, NO_PORTS);
    if (before.key === after.key) continue;
    const text = `${portsText(before)} => ${portsText(after)}`;
    const previous = lines.at(-1);
    if (previous?.text === text && previous.last + 1n === first) previous.last = last;
    else lines.push({ text, first, last });
  }
  return lines.map(({ text, first, last }) => {
    const range = `${formatAddress(first)}-${formatAddress(last)}`;
    return `${pair.replace("*", () => range)}: ${text}`;
  });
}

/** The addresses of a pair, cut wherever any entry begins or ends. */
function stretchesOf(entries: readonly Entry[]): readonly AddressRange[] {
  const cuts = new Set<Address>();
  for (const { first, last } of entries.map(rangeOf)) cuts.add(first).add(last + 1n);
  const starts = [...cuts].toSorted((a, b) => (a < b ? -1 : 1));
  return starts.slice(0, -1).map((first, index) => ({
    first,
    last: (starts[index + 1] ?? first) - 1n,
  }));
}

/** For two workloads it is the whole space, which no line shows. */
function rangeOf({ from, to }: Entry): AddressRange {
  if (typeof from !== "string") return from;
  return typeof to === "string" ? IPV4_SPACE : to;
}

function portsText(ports: PortSet): string {
  if (isEmptyPorts(ports)) return "nothing";
  if (ports.key === ALL_PORTS.key) return "all";
  return portIntervals(ports)
    .map(({ protocol, first, last }) => `${protocol} ${first}-${last}`)
    .join(", ");
}

function endOf(end: Endpoint): End {
  if (end.kind === "addresses") return end.range;
  return `${end.namespace}/${end.workload.name}[${end.workload.kind}]`;
}

function isIpv6(end: End): boolean {
  return typeof end !== "string" && end.first < IPV4_SPACE.first;
}
