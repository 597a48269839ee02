import { z } from "zod";
import { parseCidr, rangesOverlap } from "../engine/address.ts";
import {
  type Address,
  type AddressRange,
  POLICY_KINDS,
  podKey,
  type Rule,
} from "../engine/model.ts";
import type { EngineView, Verdict } from "../engine/query.ts";
import { listed } from "../rules/phrases.ts";
import { accepting, type Block, type PlacedRule } from "../rules/placed-rules.ts";
import { defineValidator, type Finding, type Fix } from "../rules/rule.ts";
import { cidrTextSchema } from "../wire/ip-block.ts";
import { portNumberSchema } from "../wire/policy-port.ts";
import { withExceptions } from "./parts/blocks.ts";
import { hasPort } from "./parts/ports.ts";

/** PERF: for this many of the selected pods we look whether a higher tier denies the target anyway. */
const MAX_PODS = 20;

const targetSchema = z.strictObject({
  name: z.string(),
  cidrs: z.array(cidrTextSchema).min(1),
  /** TCP; every port where there are none. */
  ports: z.array(portNumberSchema).default([]),
});

const parameters = z.strictObject({
  targets: z
    .array(targetSchema)
    .default([
      {
        name: "the cloud's metadata service",
        cidrs: ["169.254.169.254/32", "fd00:ec2::254/128"],
        ports: [80],
      },
    ])
    .describe(
      "what no pod may be let out to, each with a `name`, its `cidrs` and its TCP `ports` (without them: all ports)",
    ),
});

type Target = z.output<typeof targetSchema>;

/** Report egress rules that reach a target that no pod is to reach: rules whose blocks intersect with it. */
export const forbiddenTarget = defineValidator({
  id: "forbidden-target",
  title: "A rule lets pods out to a forbidden target",
  why: "The metadata service of a cloud hands out the node's credentials to whoever can connect to it, and `0.0.0.0/0` reaches it as any other address. What counts is what a rule reaches, not whether it names the address.",
  fix: "Add the address to `except` of every block that covers it, or list the networks that are meant.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Deny" },
  onFault: "warn",
  since: "0.1.0",
  parameters,
  check({ placedRules, after, parameters: { targets } }): readonly Finding[] {
    return accepting(placedRules)
      .filter(({ direction }) => direction === "egress")
      .flatMap((rule) => targets.flatMap((target) => judge(rule, target, after)));
  },
});

/** An address block of the target, and the rule's blocks that reach into it: none where the rule has no peers. */
interface Hit {
  readonly cidr: string;
  readonly range: AddressRange;
  readonly blocks: readonly Block[];
}

function judge(placed: PlacedRule, target: Target, after: EngineView): readonly Finding[] {
  const port = sharedPort(placed.rule, target);
  if (port === null) return [];
  const hits = target.cidrs.flatMap((cidr) => hitsOn(placed, cidr));
  if (hits.length === 0) return [];
  const reached = hits.map((hit) => reach(placed, { address: addressIn(hit), port }, after));
  if (reached.every((verdict) => verdict === "denied")) return [];
  const blocks = [...new Set(hits.flatMap((hit) => hit.blocks))];
  const [only, second] = blocks;
  const fix = withExceptions(
    hits.flatMap(({ cidr, range, blocks: of }) => of.map((block) => ({ block, cidr, range }))),
  );
  return [
    {
      path:
        only === undefined ? placed.rule.path : second === undefined ? only.path : placed.peersPath,
      message: `lets pods out to ${target.name} (${listed(hits.map(({ cidr }) => cidr))}) on TCP ${port}`,
      help: helpFor(only, fix),
      ...(fix === null ? {} : { fix }),
      ...(reached.includes("allowed") ? {} : { unsure: true }),
    },
  ];
}

function helpFor(block: Block | undefined, fix: Fix | null): string {
  if (block === undefined) return "name the peers in `to`";
  return fix?.title ?? "list only the networks that are meant";
}

/** A port of the target that the rule has. */
function sharedPort({ ports }: Rule, target: Target): number | null {
  const wanted = target.ports.length > 0 ? target.ports : firstPorts(ports);
  return wanted.find((port) => hasPort(ports, "TCP", port)) ?? null;
}

function firstPorts(ports: Rule["ports"]): readonly number[] {
  if (ports === "all") return [443];
  return ports.flatMap((port) => (port.kind === "range" ? [port.first] : []));
}

function hitsOn(placed: PlacedRule, cidr: string): readonly Hit[] {
  const range = parseCidr(cidr);
  if (range === null) return [];
  if (placed.rule.peers === "all") return [{ cidr, range, blocks: [] }];
  const blocks = placed.blocks.filter(({ ranges }) =>
    ranges.some((one) => rangesOverlap(one, range)),
  );
  return blocks.length === 0 ? [] : [{ cidr, range, blocks }];
}

/** An address of the target that the rule reaches. */
function addressIn({ range, blocks }: Hit): Address {
  const reached = blocks.flatMap(({ ranges }) => ranges).find((one) => rangesOverlap(one, range));
  return reached === undefined || reached.first < range.first ? range.first : reached.first;
}

/** The verdict for the selected pods, which a higher tier may deny it; without pods, what the rule says. */
function reach(
  { policy }: PlacedRule,
  { address, port }: { readonly address: Address; readonly port: number },
  after: EngineView,
): Verdict {
  const verdicts = after.select(policy.subject, MAX_PODS).sample.map((pod) =>
    after.verdict({
      from: { kind: "pod", key: podKey(pod) },
      to: { kind: "address", address },
      protocol: "TCP",
      port,
    }),
  );
  if (verdicts.length === 0 || verdicts.includes("allowed")) return "allowed";
  return verdicts.includes("unknown") ? "unknown" : "denied";
}
