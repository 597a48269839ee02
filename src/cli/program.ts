import { Command, Option } from "commander";
import type { AuditFlags } from "./commands/audit.ts";
import type { CheckFlags } from "./commands/check.ts";
import type { ConnectivityFlags } from "./commands/connectivity.ts";
import type { DiffFlags } from "./commands/diff.ts";
import type { DoctorFlags } from "./commands/doctor.ts";
import type { FlowCommandFlags } from "./commands/simulate.ts";
import type { Outcome } from "./outcome.ts";

/** Receives the answer of a verb. */
export type Answer = (outcome: Outcome) => void;

/**
 * Every verb and flag, and nothing that is slow to load: what a verb needs it imports when it runs,
 * so that help and completion answer at once.
 */
export function createProgram(answer: Answer): Command {
  const program = new Command("kubectl network-policy")
    .description("Ask who can reach whom under the NetworkPolicies of a cluster or of manifests.")
    .configureHelp({ showGlobalOptions: false })
    .exitOverride()
    .enablePositionalOptions()
    .helpCommand(false)
    .addHelpText("after", EXIT_CODES);
  for (const verb of VERBS) program.addCommand(createVerb(verb, answer));
  return program;
}

const EXIT_CODES = `
Exit codes:
  0  allowed, or nothing found     1  denied, or something found
  2  bad usage, unreadable input   3  a fault, or a cluster that does not answer
  4  cannot be decided`;

/** One verb: what it is called and takes, and how to carry it out. */
interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly define: (command: Command) => Command;
  /** The flags are as `define` declares them: commander knows no types. */
  readonly run: (flags: never, paths: readonly string[]) => Promise<Outcome>;
}

const VERBS: readonly Verb[] = [
  {
    name: "simulate",
    summary: "whether one connection is allowed, denied or unknown",
    description: "Tell whether one connection is allowed, and why in one line for each direction.",
    examples: [
      "simulate --src-pod frontend-abc --dst-pod mysql-xyz --port 3306",
      "simulate --src-pod shop/deployment/web --dst-service payments/gateway --port https",
      "simulate --manifests k8s/ --src-ip 203.0.113.7 --dst-pod shop/web --port 8080 -o json",
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
      "explain --src-pod frontend-abc --dst-pod mysql-xyz --port 3306",
      "explain --manifests k8s/ --src-pod shop/web --dst-pod shop/mysql --port 3306 -f new-policy.yaml",
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
      "connectivity -n shop",
      "connectivity --manifests k8s/ --to shop/mysql --port 3306",
      "connectivity --manifests k8s/ --from '10.0.0.0/8' -o json",
      "connectivity -A -o mermaid",
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
      "Compare who can reach whom before and after a change: of two folders OLD NEW, or of a cluster or --manifests with the files of -f as if they were applied. The most dangerous comes first: from outside, to outside, across namespaces.",
    examples: [
      "diff main/ branch/",
      "diff -f new-policy.yaml",
      "diff --manifests k8s/ -f new-policy.yaml -o markdown",
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
      "Hold policies against the rules of a profile, as the webhook would, and look for policies that contradict, shadow or repeat each other. The profile is that of --profile, else of the namespace's label, else `baseline`. With -f only those files are checked, as if they were applied to the rest. --fix mends what needs no thought and prints the policies that it changes, comments and all; the exit code is then that of what is left.",
    examples: [
      "check k8s/",
      "check k8s/ --profile restricted --fail-on warning -o sarif > ringfence.sarif",
      "check -n shop",
      "check -f new-policy.yaml --fix | kubectl apply -f -",
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
          new Option("--fail-on <severity>", "least severity that makes the exit code 1")
            .choices(["error", "warning", "note", "never"])
            .default("error"),
        )
        .addOption(output(["text", "json", "yaml", "sarif", "junit", "github"])),
    run: async (flags: CheckFlags, paths) =>
      (await import("./commands/check.ts")).check(flags, paths),
  },
  {
    name: "audit",
    summary: "policies and rules that could go, and pods without any",
    description:
      "Find policies that select nothing, are redundant, shadowed, duplicate or can be merged, and pods that no policy protects, as the pods are now. --fix prints the policies without what can go, and proves that who can reach whom is unchanged; policies for a whole namespace and the baseline are left alone.",
    examples: [
      "audit -A",
      "audit --manifests k8s/ -o json",
      "audit -n shop --fix | kubectl diff -f -",
    ],
    define: (command) =>
      sourceFlags(
        command.option("--fix", "print the reduced policies instead of the findings"),
      ).addOption(output(["text", "json", "yaml"])),
    run: async (flags: AuditFlags) => (await import("./commands/audit.ts")).audit(flags),
  },
  {
    name: "doctor",
    summary: "why a policy does nothing, or names do not resolve",
    description:
      "Go through what makes policies do nothing, or something that nobody expects: whether anything enforces them, what they select, whether pods reach the DNS, the host's network, rewritten addresses, ports of Services; each with evidence.",
    examples: ["doctor -n shop", "doctor -n shop --policy web", "doctor --manifests k8s/ -o json"],
    define: (command) =>
      sourceFlags(
        command.option("--policy <name>", "only this policy: NAME or NAMESPACE/NAME"),
      ).addOption(output(["text", "json", "yaml"])),
    run: async (flags: DoctorFlags) => (await import("./commands/doctor.ts")).doctor(flags),
  },
];

function createVerb(
  { name, summary, description, examples, define, run }: Verb,
  answer: Answer,
): Command {
  const command = define(
    new Command(name).summary(summary).description(description).exitOverride(),
  ).addHelpText(
    "after",
    `\nExamples:\n${examples.map((line) => `  kubectl network-policy ${line}`).join("\n")}`,
  );
  return command.action(async () => {
    const paths = command.args;
    answer(await run(command.opts<never>(), paths));
  });
}

function flowFlags(command: Command): Command {
  return sourceFlags(
    command
      .option("--src-pod <name>", "where it comes from: NAME, NAMESPACE/NAME or KIND/NAME")
      .option("--src-ip <address>", "where it comes from, by address")
      .option("--dst-pod <name>", "where it goes to: NAME, NAMESPACE/NAME or KIND/NAME")
      .option("--dst-ip <address>", "where it goes to, by address")
      .option("--dst-service <name>", "where it goes to: the pods behind a Service")
      .option("-p, --port <port>", "port of the destination, of a Service its own; number or name")
      .option("--protocol <protocol>", "TCP, UDP or SCTP (default: TCP)"),
  ).addOption(output(["text", "json", "yaml"]));
}

/** Where objects come from. */
function sourceFlags(command: Command): Command {
  return command
    .option("--manifests <path...>", "files and folders instead of a cluster; - is standard input")
    .option("-f, --filename <path>", "as if this were applied on top; may be repeated", collect)
    .option("-n, --namespace <name>", "namespace of names that do not say theirs")
    .option("-A, --all-namespaces", "look for names in all namespaces")
    .option("--context <name>", "context of the kubeconfig")
    .option("--kubeconfig <path>", "kubeconfig instead of the one kubectl would take")
    .addOption(
      new Option(
        "--dataplane <name>",
        "what enforces policies (default: what the cluster shows)",
      ).choices(["generic", "calico", "cilium", "antrea"]),
    );
}

function ruleFlags(command: Command): Command {
  return command
    .option("--profile <name>", "the profile, whatever namespaces say")
    .option("--config <path>", "Profile documents of your own; may be repeated", collect);
}

function collect(path: string, paths: readonly string[] = []): readonly string[] {
  return [...paths, path];
}

function output(formats: readonly string[]): Option {
  return new Option("-o, --output <format>", "format of the answer")
    .choices(formats)
    .default("text");
}
