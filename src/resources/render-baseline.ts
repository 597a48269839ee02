import { createHash } from "node:crypto";
import { formatRange, parseCidr } from "../engine/address.ts";
import type { Labels } from "../engine/model.ts";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { impliedPolicyTypes, parseNetworkPolicy } from "../wire/network-policy.ts";
import { BASELINE_LABEL } from "../wire/ringfence-labels.ts";
import { field, isObject, listAt } from "../wire/shape.ts";
import type { Baseline } from "./baseline.ts";
import {
  type BaselineFacts,
  type ClusterValues,
  listsOf,
  type NamespaceFacts,
  variablesOf,
} from "./baseline-variables.ts";
import { expandTemplate, newAllowance } from "./expand-template.ts";
import { problemWithin } from "./resource-problem.ts";

/** Namespaces that no webhook configuration selects and that never get a baseline. */
const SYSTEM_NAMESPACES: readonly string[] = ["kube-system", "kube-public", "kube-node-lease"];

/** Report whether a namespace is left alone whatever its labels say: the system's and our own. */
export function isLeftAlone(namespace: string, ownNamespace: string): boolean {
  // SECURITY: a default-deny on our own namespace or on DNS would lock everybody out of the cluster.
  return namespace === ownNamespace || SYSTEM_NAMESPACES.includes(namespace);
}

/**
 * The policies of a baseline for a namespace, as they are written to the API server. A variable without a value
 * there, and a result that is no NetworkPolicy, are problems with their path.
 */
export function renderBaseline(
  baseline: Baseline,
  facts: BaselineFacts,
): Result<readonly object[], readonly Problem[]> {
  const { namespace } = facts;
  const variables = variablesOf(baseline, facts);
  const policies: object[] = [];
  const problems: Problem[] = [];
  const allowance = newAllowance();
  for (const [index, { name, labels, spec }] of baseline.policies.entries()) {
    const at = `spec.policies[${index}]`;
    const filled = expandTemplate(spec, variables, allowance);
    if (!filled.ok) {
      problems.push(...filled.error.map((problem) => problemWithin(`${at}.spec`, problem)));
      continue;
    }
    const policy = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: {
        name,
        namespace,
        labels: { ...Object.fromEntries(labels), ...baselineLabels(baseline.name) },
      },
      spec: filled.value,
    };
    const read = parseNetworkPolicy(policy);
    if (read.ok) policies.push({ ...policy, spec: asStored(filled.value) });
    else problems.push(...read.error.map((problem) => problemWithin(at, problem)));
  }
  return problems.length > 0 ? failure(problems) : success(policies);
}

/**
 * The API server writes what `policyTypes` and `protocol` mean into what it stores, and from Kubernetes 1.36 on
 * takes an address block only where it is written as its network. Written out, what is stored is what was sent,
 * and a difference is somebody's change.
 */
function asStored(spec: unknown): unknown {
  if (!isObject(spec)) return spec;
  const { policyTypes, egress } = spec;
  return {
    ...spec,
    policyTypes:
      listAt(policyTypes).length > 0 ? policyTypes : impliedPolicyTypes({ egress: listAt(egress) }),
    ...itemsOf(spec, "ingress", ruleAsStored),
    ...itemsOf(spec, "egress", ruleAsStored),
  };
}

function ruleAsStored(rule: object): object {
  return {
    ...rule,
    ...itemsOf(rule, "ports", (port) => ({ ...port, protocol: field(port, "protocol") ?? "TCP" })),
    ...itemsOf(rule, "from", peerAsStored),
    ...itemsOf(rule, "to", peerAsStored),
  };
}

function peerAsStored(peer: object): object {
  const block = field(peer, "ipBlock");
  if (!isObject(block)) return peer;
  const except = block["except"];
  const ipBlock = {
    ...block,
    cidr: asNetwork(block["cidr"]),
    ...(except == null ? {} : { except: listAt(except).map(asNetwork) }),
  };
  return { ...peer, ipBlock };
}

function asNetwork(cidr: unknown): unknown {
  const range = parseCidr(String(cidr));
  return range === null ? cidr : formatRange(range);
}

/** A field that is a list of objects, each changed; nothing where the field is absent. */
function itemsOf(
  parent: object,
  key: string,
  change: (item: object) => object,
): Readonly<Record<string, unknown>> {
  const list = field(parent, key);
  if (list == null) return {};
  return { [key]: listAt(list).map((item) => (isObject(item) ? change(item) : item)) };
}

/**
 * What is wrong with a baseline in any namespace. Labels and annotations get sample values here, and one that
 * fits where it stands is enough: a name, addresses, or a number.
 */
export function checkBaseline(baseline: Baseline): readonly Problem[] {
  const complaintsOf = (labels: Labels, annotations: Labels): readonly Problem[] => {
    const rendered = renderBaseline(baseline, { ...SAMPLE, labels, annotations });
    return rendered.ok ? [] : rendered.error;
  };
  let labels = sampleOf(baseline.namespaceLabels);
  let annotations = sampleOf(baseline.namespaceAnnotations);
  let complaints = complaintsOf(labels, annotations);
  const attempt = (otherLabels: Labels, otherAnnotations: Labels): void => {
    const found = complaintsOf(otherLabels, otherAnnotations);
    if (found.length >= complaints.length) return;
    [labels, annotations, complaints] = [otherLabels, otherAnnotations, found];
  };
  for (const value of complaints.length === 0 ? [] : OTHER_SAMPLES) {
    for (const key of baseline.namespaceLabels)
      attempt(new Map(labels).set(key, value), annotations);
    for (const key of baseline.namespaceAnnotations) {
      attempt(labels, new Map(annotations).set(key, value));
    }
  }
  return complaints;
}

/** What is wrong with a baseline because of what this namespace's labels and annotations say, in any cluster. */
export function misfitsOf(baseline: Baseline, namespace: NamespaceFacts): readonly Problem[] {
  const rendered = renderBaseline(baseline, { ...SAMPLE, ...namespace });
  return rendered.ok ? [] : rendered.error;
}

/** What a label or annotation may hold other than a name. */
const OTHER_SAMPLES = ["192.0.2.0/24", "192.0.2.1", "1"];

function sampleOf(keys: readonly string[]): Labels {
  return new Map(keys.map((key) => [key, "value"]));
}

const SAMPLE: BaselineFacts = {
  namespace: "default",
  labels: new Map(),
  annotations: new Map(),
  dns: { namespace: "kube-system", podLabels: {}, addresses: ["169.254.20.10"], ports: [] },
  podCidrs: ["10.0.0.0/8"],
  serviceCidrs: ["10.96.0.0/12"],
  apiServerAddresses: ["192.0.2.1"],
};

/** A short hash of what a baseline says, the same for all namespaces: tells old from new. */
export function baselineRevision(baseline: Baseline, cluster: ClusterValues): string {
  const { name, policies, values, namespaceLabels, namespaceAnnotations } = baseline;
  const templates = policies.map((policy) => ({ ...policy, labels: [...policy.labels] }));
  const keys = [namespaceLabels, namespaceAnnotations];
  const text = JSON.stringify([name, templates, keys, values, listsOf(cluster)]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function baselineLabels(name: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/managed-by": "ringfence", [BASELINE_LABEL]: name };
}
