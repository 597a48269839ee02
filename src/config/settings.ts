import { z } from "zod";
import { parseAddress } from "../engine/address.ts";
import { DATAPLANE_NAMES } from "../engine/dataplane.ts";
import { LAST_PORT } from "../engine/port-set.ts";
import { cidrTextSchema } from "../wire/ip-block.ts";

const onTroubleSchema = z.enum(["deny", "warn"]);
const listenPortSchema = z.int().min(0).max(LAST_PORT);
const millisecondsSchema = z.int().min(1);
const addressSchema = z.string().refine((text) => parseAddress(text) !== null, {
  error: (issue) => `\`${String(issue.input)}\` is not an IP address`,
});

/**
 * Everything that can be set, with its default. `docs/reference/config.md` is printed from this.
 * The keys are those of the configuration file; flags and variables are derived from them.
 */
export const settingsSchema = z.strictObject({
  listenAddress: z.string().default("::").describe("Address that all three ports are served on."),
  webhookPort: listenPortSchema
    .default(9443)
    .describe("Port of the webhook, over TLS; 0 takes a free one, here and below."),
  healthPort: listenPortSchema
    .default(8081)
    .describe("Port of `/healthz` and `/readyz`, plain HTTP."),
  metricsPort: listenPortSchema.default(8080).describe("Port of `/metrics`, plain HTTP."),
  certificatePath: z
    .string()
    .default("/etc/ringfence/certificate/tls.crt")
    .describe("Certificate chain of the webhook, PEM; read again when it changes."),
  keyPath: z
    .string()
    .default("/etc/ringfence/certificate/tls.key")
    .describe("Private key of the certificate, PEM; read again when it changes."),
  clientCaPath: z
    .string()
    .default("")
    .describe(
      "Certificates of authorities, PEM; only who presents a certificate of one of them is answered by the webhook; read again when it changes. Empty: whoever reaches the port is.",
    ),
  resourceFolder: z
    .string()
    .default("/etc/ringfence/resources")
    .describe(
      "Folder of Profiles, Invariants, Baselines and Exemptions as YAML, read again when they change; need not exist.",
    ),
  clusterProfile: z
    .string()
    .default("baseline")
    .describe("Profile for cluster-scoped policies, which no namespace's label governs."),
  dataplane: z
    .enum(["auto", ...DATAPLANE_NAMES])
    .default("auto")
    .describe(
      "What enforces policies in the cluster. `auto` tells it by the agents' DaemonSets and is `generic` where it finds none of them; `generic` answers unknown where the others differ.",
    ),
  dnsNamespace: z.string().default("kube-system").describe("Namespace of the cluster's DNS."),
  dnsService: z.string().default("kube-dns").describe("Name of the DNS Service in it."),
  dnsPodLabels: z
    .record(z.string(), z.string())
    .default({ "k8s-app": "kube-dns" })
    .describe("Labels of the DNS pods."),
  dnsAddresses: z
    .array(addressSchema)
    .default(["169.254.20.10"])
    .describe("Resolvers that are not pods of the cluster; by default NodeLocal DNSCache."),
  podCidrs: z
    .array(cidrTextSchema)
    .default([])
    .describe(
      "CIDRs of the pods' addresses, for `$(cluster.podPeers)` and `$(cluster.podCidrs)` in a Baseline.",
    ),
  serviceCidrs: z
    .array(cidrTextSchema)
    .default([])
    .describe(
      "CIDRs of the Services' addresses, for `$(cluster.servicePeers)` and `$(cluster.serviceCidrs)` in a Baseline.",
    ),
  ownNamespace: z
    .string()
    .default("ringfence-system")
    .describe("Namespace that Ringfence runs in; never governed."),
  ownUsername: z
    .string()
    .default("")
    .describe(
      "User name of Ringfence's own requests; empty: the ServiceAccount `ringfence` of its namespace.",
    ),
  decisionDeadlineMs: millisecondsSchema
    .default(2_000)
    .describe("Time for one decision; well inside the webhook's `timeoutSeconds`."),
  onNotSynced: onTroubleSchema
    .default("deny")
    .describe(
      "Answer in enforced namespaces before the first sync with the API server, and for a namespace that is not known yet.",
    ),
  onStale: onTroubleSchema
    .default("deny")
    .describe("Answer in enforced namespaces once the picture of the cluster is too old."),
  onDeadline: onTroubleSchema
    .default("deny")
    .describe("Answer in enforced namespaces when a decision takes too long."),
  onUntold: onTroubleSchema
    .default("warn")
    .describe(
      "Answer in enforced namespaces to a change that concerns an Invariant, where the other replicas cannot be told of it before it is admitted.",
    ),
  policyPartsLimit: z
    .int()
    .min(1)
    .default(30_000)
    .describe(
      "How many rules, peers, ports, address ranges and labels a policy may have to be judged, enough for 1 MiB of addresses: so many take up to a second, in which nobody else is answered. A policy is not judged either that has a selector matched with a pod more than 30 times as often, or with an address more than 15 times. One that is stored all the same, where nobody has opted in, isolates its pods and allows nothing as far as Ringfence can tell.",
    ),
  onTooLarge: onTroubleSchema
    .default("deny")
    .describe(
      "Answer in enforced namespaces to a policy with more than that, and to a change of policies or labels that opens and closes so much that differs from pod to pod, or concerns so many Invariants, that it would take seconds to tell.",
    ),
  stalenessLimitMs: z
    .int()
    .min(120_000)
    .default(300_000)
    .describe(
      "Age from which the picture of the cluster is too old; 120000 at least, for of a quiet resource nothing may be heard for 90 s.",
    ),
  baselineRollOutPerSecond: z
    .int()
    .min(1)
    .max(1_000)
    .default(10)
    .describe(
      "How many namespaces in a second follow a change of their Baseline; those that opt in, or lost something of it, do not wait.",
    ),
  podsWaitForBaseline: z
    .boolean()
    .default(false)
    .describe(
      "Whether a pod is refused in an enforced namespace that does not have its baseline yet, though it can be made; asked only with the component `pods`.",
    ),
  events: z
    .boolean()
    .default(true)
    .describe(
      "Whether denied and warned changes leave Events on their namespaces, and Exemptions that end soon on theirs.",
    ),
  logLevel: z
    .enum(["debug", "info", "warn", "error", "silent"])
    .default("info")
    .describe("Least severe messages that are logged."),
  kubeconfig: z
    .string()
    .default("")
    .describe("Path of a kubeconfig; empty: where kubectl looks, then the pod's ServiceAccount."),
  leaderElection: z
    .boolean()
    .default(true)
    .describe(
      "Whether only the holder of a Lease applies baselines, and replicas tell each other of what concerns an Invariant; off for a single replica.",
    ),
  identity: z
    .string()
    .default("")
    .describe(
      "Name of this process in the Lease; empty: the host name, which in a pod is its name.",
    ),
});

export type Settings = z.output<typeof settingsSchema>;
export type SettingName = keyof Settings;

/** The settings if none is set. */
export const DEFAULT_SETTINGS: Settings = settingsSchema.parse({});

/** One setting as the reference lists it. */
export interface SettingReference {
  readonly name: SettingName;
  readonly flag: string;
  readonly variable: string;
  /** As it would be written after the flag. */
  readonly default: string;
  readonly description: string;
}

/** All settings, in the order of the reference. */
export const SETTINGS: readonly SettingReference[] = settingsSchema.keyof().options.map((name) => ({
  name,
  flag: `--${words(name).join("-")}`,
  // Kubernetes puts variables such as RINGFENCE_WEBHOOK_PORT=tcp://… into every pod of a namespace
  // with a Service `ringfence-webhook`. The doubled underscore keeps clear of them.
  variable: `RINGFENCE__${words(name).join("_").toUpperCase()}`,
  default: writeValue(settingsSchema.shape[name].def.defaultValue),
  description: settingsSchema.shape[name].description ?? "",
}));

/**
 * The value that `text` stands for, from a flag or variable of the setting `name`: lists are
 * separated by commas, labels are `key=value`. What does not fit comes back as text, for the schema
 * to complain about.
 */
export function readValue(name: SettingName, text: string): unknown {
  const fallback = settingsSchema.shape[name].def.defaultValue;
  if (typeof fallback === "number") return /^\d+$/.test(text) ? Number(text) : text;
  if (typeof fallback === "boolean") return text === "true" || (text === "false" ? false : text);
  if (typeof fallback === "string") return text;
  const items = text.split(",").filter((item) => item !== "");
  if (Array.isArray(fallback)) return items;
  return Object.fromEntries(items.map((item) => item.split(/=(.*)/s, 2)));
}

function writeValue(value: unknown): string {
  if (Array.isArray(value)) return value.join(",");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value)
    .map(([key, text]) => `${key}=${String(text)}`)
    .join(",");
}

function words(name: string): readonly string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}
