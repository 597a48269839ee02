import type { Command } from "commander";
import type { AuditFlags } from "./commands/audit.ts";
import type { CheckFlags } from "./commands/check.ts";
import type { ConnectivityFlags } from "./commands/connectivity.ts";
import type { DiffFlags } from "./commands/diff.ts";
import type { DoctorFlags } from "./commands/doctor.ts";
import type { FlowCommandFlags } from "./commands/simulate.ts";
import { configFlag, flowFlags, oneOf, output, ruleFlags, sourceFlags } from "./flags.ts";
import type { Outcome } from "./outcome.ts";

/** One verb: what it is called and takes, and how to carry it out. */
export interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly define: (command: Command) => Command;
  /** The flags are as `define` declares them: commander knows no types. */
  readonly run: (flags: never, paths: readonly string[]) => Promise<Outcome>;
}

/** In the order of the help. */
export const VERBS: readonly Verb[] = [
  {
    name: "simulate",
    summary: "whether one connection is allowed, denied or unknown",
    description: "Tell whether one connection is allowed, and why in one line for each direction.",
    examples: [
      "kubectl network-policy simulate --src-pod frontend-abc --dst-pod mysql-xyz --port 3306",
      "kubectl network-policy simulate --src-pod shop/deployment/web --dst-service payments/gateway --port https",
      "kubectl network-policy simulate --manifests k8s/ --src-ip 203.0.113.7 --dst-pod shop/web --port 8080 -o json",
    ],
    define: flowFlags,
    run: async (flags: FlowCommandFlags) =>
      (await import("./commands/simulate.ts")).simulate(flags),
  },
  {
    name: "explain",
    summary: "the walk through every policy and rule behind a verdict",
    description:
      "Walk through every policy and rule that takes part, in both directions and in the order of the tiers, with the first thing about each rule that does not fit; then the smallest change that would allow what is denied.",
    examples: [
      "kubectl network-policy explain --src-pod frontend-abc --dst-pod mysql-xyz --port 3306",
      "kubectl network-policy explain --manifests k8s/ --src-pod shop/web --dst-pod shop/mysql --port 3306 -f new-policy.yaml",
    ],
    define: flowFlags,
    run: async (flags: FlowCommandFlags) => (await import("./commands/simulate.ts")).explain(flags),
  },
  {
    name: "connectivity",
    summary: "who can reach whom, by workload",
    description:
      "List every pair of workloads, and of workloads and addresses outside, between which something is allowed. A pair that is not listed is denied.",
    examples: [
      "kubectl network-policy connectivity -n shop",
      "kubectl network-policy connectivity --manifests k8s/ --to shop/mysql --port 3306",
      "kubectl network-policy connectivity --manifests k8s/ --from '10.0.0.0/8' -o json",
      "kubectl network-policy connectivity -A -o mermaid",
    ],
    define: (command) =>
      sourceFlags(
        command
          .option("--from <end>", "only from: a name, NAMESPACE/*, an address or a CIDR")
          .option("--to <end>", "only to: a name, NAMESPACE/*, an address or a CIDR")
          .option("-p, --port <port>", "only on: 80, 8000-8999 or UDP/53"),
      ).addOption(output(["text", "matrix", "json", "yaml", "csv", "dot", "mermaid"])),
    run: async (flags: ConnectivityFlags) =>
      (await import("./commands/connectivity.ts")).connectivity(flags),
  },
  {
    name: "diff",
    summary: "which connections a change opens and closes",
    description:
      "Compare who can reach whom before and after a change: of two folders OLD NEW, or of a cluster or --manifests with the files of -f as if they were applied. The most dangerous comes first: from outside, to outside, across namespaces, and of these what reaches many. The exit code is 0 if no connection opens, closes or becomes undecidable and no rule denies the change.",
    examples: [
      "kubectl network-policy diff main/ branch/",
      "kubectl network-policy diff -f new-policy.yaml",
      "kubectl network-policy diff --manifests k8s/ -f new-policy.yaml -o markdown",
    ],
    define: (command) =>
      sourceFlags(
        ruleFlags(command.argument("[trees...]", "two folders or files to compare: OLD NEW")),
      ).addOption(output(["text", "json", "yaml", "markdown"])),
    run: async (flags: DiffFlags, trees) => (await import("./commands/diff.ts")).diff(flags, trees),
  },
  {
    name: "check",
    summary: "the webhook's rules over manifests or a cluster",
    description:
      "Hold policies and Namespaces against the rules of a profile, as the webhook would were each created last, and look for policies that shadow or repeat each other. The profile is that of --profile, else of the namespace's label, else `baseline`. With -f only those files are checked, as if they were applied to the rest: as updates of what is there. --fix mends what needs no thought and prints the policies that it changes, comments and all; the exit code is then that of what is left.",
    examples: [
      "kubectl network-policy check k8s/",
      "kubectl network-policy check k8s/ --profile restricted --fail-on warning -o sarif > ringfence.sarif",
      "kubectl network-policy check -n shop",
      "kubectl network-policy check -f new-policy.yaml --fix | kubectl apply -f -",
      "helm template . | kubectl network-policy check -",
    ],
    define: (command) =>
      sourceFlags(
        ruleFlags(
          command.argument("[path...]", "files and folders instead of a cluster, as --manifests"),
        ),
      )
        .option("--fix", "print the policies with what is mechanical mended, and not the findings")
        .option("--write", "with --fix: write it into the files instead")
        .addOption(
          oneOf("--fail-on <severity>", "least severity that makes the exit code 1", [
            "error",
            "warning",
            "note",
            "never",
          ]).default("error"),
        )
        .addOption(output(["text", "json", "yaml", "sarif", "junit", "github"])),
    run: async (flags: CheckFlags, paths) =>
      (await import("./commands/check.ts")).check(flags, paths),
  },
  {
    name: "audit",
    summary: "policies and rules that could go, and pods without any",
    description:
      "Find policies that select nothing, are redundant, shadowed, duplicate or can be merged, pods that no policy protects, and Invariants that do not hold, as the pods are now. --fix prints the policies without what can go, and proves that who can reach whom is unchanged; policies for a whole namespace and the baseline are left alone.",
    examples: [
      "kubectl network-policy audit -A",
      "kubectl network-policy audit --manifests k8s/ -o json",
      "kubectl network-policy audit -n shop --fix | kubectl diff -f -",
    ],
    define: (command) =>
      sourceFlags(
        configFlag(command.option("--fix", "print the reduced policies instead of the findings")),
      ).addOption(output(["text", "json", "yaml"])),
    run: async (flags: AuditFlags) => (await import("./commands/audit.ts")).audit(flags),
  },
  {
    name: "doctor",
    summary: "why a policy does nothing, or names do not resolve",
    description:
      "Go through what makes policies do nothing, or something that nobody expects: whether anything enforces them, what they select, whether pods reach the DNS, the host's network, rewritten addresses, ports of Services; each with evidence.",
    examples: [
      "kubectl network-policy doctor -n shop",
      "kubectl network-policy doctor -n shop --policy web",
      "kubectl network-policy doctor --manifests k8s/ -o json",
    ],
    define: (command) =>
      sourceFlags(
        command.option("--policy <name>", "only this policy: NAME or NAMESPACE/NAME"),
      ).addOption(output(["text", "json", "yaml"])),
    run: async (flags: DoctorFlags) => (await import("./commands/doctor.ts")).doctor(flags),
  },
];
