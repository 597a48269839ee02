/** What breaks a claim, found by asking the naive evaluator of every pair of ends. */
import { familyOf, rangeContains } from "../../src/engine/address.ts";
import {
  type Address,
  type EndSet,
  type FlowClaim,
  type Pod,
  podKey,
} from "../../src/engine/model.ts";
import type { FlowEnd } from "../../src/engine/query.ts";
import { OUTSIDE_ADDRESSES, PROBES, type Probe } from "./arbitrary-world.ts";
import { inSelection, naiveVerdicts, type World } from "./oracle.ts";

/** Whether an end belongs to one side of a claim. */
interface Membership {
  readonly selected: "yes" | "no" | "unknown";
  /** The families of addresses that the claim means. */
  readonly families: readonly number[];
}

export interface NaiveEnd {
  readonly text: string;
  readonly flowEnd: FlowEnd;
  readonly pod: Pod | null;
  /** On a node's network; in classes less is known of such ends than in verdicts. */
  readonly host: boolean;
  readonly addresses: readonly Address[];
  readonly outside: boolean;
}

/** Every running pod, every address of a node, and addresses that nobody has. */
export function naiveEnds(world: World): readonly NaiveEnd[] {
  const pods = world.pods.filter(({ ended }) => !ended);
  const ofNodes = [...new Set(world.nodes.flatMap(({ addresses }) => addresses))];
  const taken = new Set([...ofNodes, ...pods.flatMap(({ addresses }) => addresses)]);
  const isFree = (address: Address): boolean => !taken.has(address);
  return [
    ...pods.map((pod): NaiveEnd => {
      const { hostNetwork: host, addresses } = pod;
      const flowEnd = { kind: "pod", key: podKey(pod) } as const;
      return { text: podKey(pod), flowEnd, pod, host, addresses, outside: false };
    }),
    ...ofNodes.map((address) => addressEnd(address, true)),
    ...OUTSIDE_ADDRESSES.filter(isFree).map((address) => addressEnd(address, false)),
  ];
}

function addressEnd(address: Address, host: boolean): NaiveEnd {
  const flowEnd = { kind: "address", address } as const;
  const addresses = [address];
  return { text: `${address}`, flowEnd, pod: null, host, addresses, outside: !host };
}

/** The part of a world's flows between these ends and at these probes. */
interface Part {
  readonly ends: readonly NaiveEnd[];
  readonly probes: readonly Probe[];
}

/** `from to protocol/port` of every flow, in all or in part, that breaks the claim, surely or perhaps. */
export function naiveBreaches(
  world: World,
  claim: FlowClaim,
  { ends, probes }: Part = { ends: naiveEnds(world), probes: PROBES },
): Record<"certain" | "perhaps", ReadonlySet<string>> {
  const found = { certain: new Set<string>(), perhaps: new Set<string>() };
  const meant = probes.filter(
    ({ protocol, port }) =>
      claim.ports === "all" ||
      claim.ports.some(
        (range) => range.protocol === protocol && range.first <= port && port <= range.last,
      ),
  );
  for (const from of ends) {
    for (const to of ends) {
      if (from === to || (from.pod === null && to.pod === null)) continue;
      for (const probe of meant) {
        const breach = breachOf(world, claim, { from, to, ...probe });
        if (breach !== "no") {
          found[breach].add(`${from.text} ${to.text} ${probe.protocol}/${probe.port}`);
        }
      }
    }
  }
  return found;
}

function breachOf(
  world: World,
  claim: FlowClaim,
  flow: Probe & { readonly from: NaiveEnd; readonly to: NaiveEnd },
): "certain" | "perhaps" | "no" {
  const { from, to, ...probe } = flow;
  const source = membership(world, claim.from, from);
  const target = membership(world, claim.to, to);
  const verdicts = naiveVerdicts(world, { from: from.flowEnd, to: to.flowEnd, ...probe });
  const answers = new Set<string>();
  const judge = (of: typeof verdicts, sure: boolean): void => {
    if (of.length === 0) return;
    const open = of.some(({ verdict }) => verdict === "allowed");
    const unknown = !open && of.some(({ verdict }) => verdict === "unknown");
    const breaks = claim.sense === "closed" ? open : !open && !unknown;
    answers.add(unknown || (breaks && !sure) ? "perhaps" : breaks ? "certain" : "no");
  };
  // As pods: one family will do.
  if (source.selected !== "no" && target.selected !== "no") {
    judge(verdicts, source.selected === "yes" && target.selected === "yes");
  }
  // As addresses: each by itself.
  for (const verdict of verdicts) {
    const [a, b] = [source, target].map(({ families }) => families.includes(verdict.family));
    if (a !== true && b !== true) continue;
    if ((a !== true && source.selected === "no") || (b !== true && target.selected === "no")) {
      continue;
    }
    const sure =
      (a === true || source.selected === "yes") && (b === true || target.selected === "yes");
    judge([verdict], sure);
  }
  return answers.has("certain") ? "certain" : answers.has("perhaps") ? "perhaps" : "no";
}

function membership(world: World, sets: readonly EndSet[], end: NaiveEnd): Membership {
  const selections = sets.flatMap((set) =>
    set.kind === "pods" && end.pod !== null ? [inSelection(world, set.selection, end.pod)] : [],
  );
  const families = end.addresses.filter((address) =>
    sets.some(
      (set) =>
        (set.kind === "world" && end.outside) ||
        (set.kind === "addresses" && set.ranges.some((range) => rangeContains(range, address))),
    ),
  );
  return {
    selected: selections.includes("yes")
      ? "yes"
      : selections.includes("unknown")
        ? "unknown"
        : "no",
    families: families.map(familyOf),
  };
}
