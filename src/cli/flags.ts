import { type Command, InvalidArgumentError, Option } from "commander";
import leven from "leven";
import { DATAPLANE_NAMES } from "../engine/dataplane.ts";

/** The two ends and the port of a flow. */
export function flowFlags(command: Command): Command {
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

/** Where objects come from; the flags that kubectl has too form a group of their own in the help. */
export function sourceFlags(command: Command): Command {
  const own = command
    .option("--manifests <path...>", "files and folders instead of a cluster; - is standard input")
    .option("-f, --filename <path>", "as if this were applied on top; may be repeated", collect)
    .option("-n, --namespace <name>", "namespace of names that do not say theirs")
    .option("-A, --all-namespaces", "look for names in all namespaces")
    .addOption(
      oneOf(
        "--dataplane <name>",
        "what enforces policies (default: what the cluster shows)",
        DATAPLANE_NAMES,
      ),
    );
  return own
    .optionsGroup(KUBECTL)
    .option("--kubeconfig <path>", "kubeconfig instead of the one kubectl would take")
    .option("--context <name>", "context of the kubeconfig")
    .option("--cluster <name>", "cluster of the kubeconfig")
    .option("--user <name>", "user of the kubeconfig")
    .option("-s, --server <url>", "address of the API server")
    .option("--token <token>", "bearer token for the API server")
    .option("--client-certificate <path>", "certificate to be known by at the API server")
    .option("--client-key <path>", "key of that certificate")
    .option("--as <name>", "user to impersonate")
    .option("--as-group <name>", "group to impersonate; may be repeated", collect)
    .option("--as-uid <uid>", "UID to impersonate")
    .option("--request-timeout <time>", "for one request: 30s, 2m, 0 for ever (default: 30s)")
    .option("--certificate-authority <path>", "who vouches for the API server's certificate")
    .option("--tls-server-name <name>", "name that the API server's certificate is for")
    .option("--insecure-skip-tls-verify", "do not check the API server's certificate")
    .optionsGroup("Options:");
}

const KUBECTL = "The cluster, as kubectl has it:";

/** Report whether kubectl has the flag too, for which an empty value is none. */
export function isOfKubectl({ helpGroupHeading, long }: Option): boolean {
  return helpGroupHeading === KUBECTL || long === "--namespace";
}

/** Which rules apply. */
export function ruleFlags(command: Command): Command {
  return command
    .option("--profile <name>", "the profile, whatever namespaces say")
    .option(...CONFIG);
}

/** Resources of the organisation's own, beside those among the manifests or in the cluster. */
export function configFlag(command: Command): Command {
  return command.option(...CONFIG);
}

const CONFIG = [
  "--config <path>",
  "Profiles, Baselines, Invariants and Exemptions of your own; may be repeated",
  collect,
] as const;

function collect(path: string, paths: readonly string[] = []): readonly string[] {
  return [...paths, path];
}

/** The format of the answer, text unless another is named. */
export function output(formats: readonly string[]): Option {
  return oneOf("-o, --output <format>", "format of the answer", formats).default("text");
}

/** A flag with a closed set of values; a typo is answered with the nearest one. */
export function oneOf(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).argParser((value) => {
    if (choices.includes(value)) return value;
    const near = nearest(value, choices);
    const hint = near === null ? "" : ` (Did you mean ${near}?)`;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.${hint}`);
  });
}

/** The choice that a typo is nearest to, null where it is near to none. */
function nearest(value: string, choices: readonly string[]): string | null {
  const [first] = choices
    .map((choice) => ({ choice, distance: leven(value.toLowerCase(), choice) }))
    .toSorted((a, b) => a.distance - b.distance);
  if (first === undefined) return null;
  // Half of a short word is another word: `html` is not a slip for `yaml`.
  return first.distance <= 2 && first.distance < first.choice.length / 2 ? first.choice : null;
}
