import leven from "leven";
import type { Pod } from "../engine/model.ts";
import { usageError } from "./input-error.ts";
import type { Source } from "./sources/load-world.ts";
import { isStandIn } from "./sources/stand-ins.ts";
import type { World } from "./sources/world.ts";

/** A name as it was typed: `web`, `shop/web`, `deployment/web`, `shop/deployment/web`. */
export interface Reference {
  readonly text: string;
  readonly namespace: string | null;
  /** `Deployment`; null: a pod, or else a workload of any kind. */
  readonly kind: string | null;
  readonly name: string;
}

/** Kinds by the names that kubectl knows them by. */
const KINDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Pod: ["pod", "pods", "po"],
    Deployment: ["deployment", "deployments", "deploy"],
    StatefulSet: ["statefulset", "statefulsets", "sts"],
    DaemonSet: ["daemonset", "daemonsets", "ds"],
    ReplicaSet: ["replicaset", "replicasets", "rs"],
    ReplicationController: ["replicationcontroller", "replicationcontrollers", "rc"],
    Job: ["job", "jobs"],
    CronJob: ["cronjob", "cronjobs", "cj"],
  }).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)),
);

/** Read a name. `a/b` is a kind and a name where `a` is a kind, else a namespace and a name. */
export function parseReference(text: string): Reference {
  const parts = text.split("/");
  const [first = "", second = "", third] = parts;
  if (parts.length > 3 || parts.includes("")) {
    throw usageError(`\`${text}\` is not a name: write NAME, NAMESPACE/NAME or KIND/NAME`);
  }
  if (parts.length === 1) return { text, namespace: null, kind: null, name: first };
  if (third !== undefined) {
    return { text, namespace: first, kind: kindOf(second, text), name: third };
  }
  const kind = KINDS.get(first.toLowerCase());
  return kind === undefined
    ? { text, namespace: first, kind: null, name: second }
    : { text, namespace: null, kind, name: second };
}

function kindOf(word: string, text: string): string {
  const kind = KINDS.get(word.toLowerCase());
  if (kind !== undefined) return kind;
  throw usageError(`\`${text}\`: \`${word}\` is no kind of workload`);
}

/** The namespaces in which a name is looked for; null for all of them. */
export function placesOf(
  reference: Pick<Reference, "namespace">,
  source: Source,
): readonly string[] | null {
  if (reference.namespace !== null) return [reference.namespace];
  return source.allNamespaces ? null : [source.namespace];
}

/** The namespace that is asked about, null for all. Throws an InputError for one that does not exist. */
export function namespaceInQuestion(source: Source, { namespaces }: World): string | null {
  const { allNamespaces, namespace } = source;
  if (allNamespaces) return null;
  if (namespaces.has(namespace)) return namespace;
  const near = didYouMean(
    namespace,
    new Map(Array.from(namespaces.keys(), (name) => [name, name])),
  );
  throw usageError(`there is no namespace \`${namespace}\`${near}`);
}

/** Pods that a name stands for: one, or all of one workload. */
export interface NamedPods {
  /** `shop/web-0`, `shop/web[Deployment]`. */
  readonly label: string;
  readonly pods: readonly Pod[];
  /** Said beside the answer where the name was not taken literally. */
  readonly assumption: string | null;
}

/** The pods of a name. Throws an InputError for a name that nothing has, or more than one thing. */
export function findPods(reference: Reference, world: World, source: Source): NamedPods {
  const places = placesOf(reference, source);
  const here = [...world.pods.values()].filter(
    ({ namespace }) => places === null || places.includes(namespace),
  );
  const groups = groupsOf(reference, here);
  const [group, ...others] = groups;
  if (group !== undefined && others.length === 0) return { ...group, assumption: null };
  if (group !== undefined) throw usageError(ambiguous(reference, groups));
  const guess = source.kind === "files" ? ownerByName(reference, here) : undefined;
  if (guess !== undefined) {
    return { ...guess, assumption: `${reference.text} is taken for a pod of ${guess.label}` };
  }
  throw usageError(missing(reference, places, [...world.pods.values()]));
}

type PodGroup = Omit<NamedPods, "assumption">;

/** A pod of that very name wins over workloads. */
function groupsOf({ kind, name }: Reference, pods: readonly Pod[]): readonly PodGroup[] {
  const exact = pods.filter((pod) => pod.name === name && !isStandIn(pod));
  if (kind === "Pod" || (kind === null && exact.length > 0)) {
    return exact.map((pod) => ({ label: labelOf(pod), pods: [pod] }));
  }
  return workloadsOf(
    pods.filter(
      ({ workload }) => workload.name === name && (kind === null || workload.kind === kind),
    ),
  );
}

function workloadsOf(pods: readonly Pod[]): readonly PodGroup[] {
  const byWorkload = Map.groupBy(pods, workloadLabel);
  return Array.from(byWorkload, ([label, of]) => ({ label, pods: of }));
}

/** Offline there are no pods yet, but their names begin with that of their workload. */
function ownerByName({ kind, name }: Reference, pods: readonly Pod[]): PodGroup | undefined {
  const owners = workloadsOf(
    pods.filter(
      (pod) => isStandIn(pod) && kind === null && name.startsWith(`${pod.workload.name}-`),
    ),
  ).toSorted((a, b) => b.label.length - a.label.length);
  const [longest, next] = owners;
  return longest?.label.length === next?.label.length ? undefined : longest;
}

/** `shop/web-0`; a stand-in's name is that of its workload. */
export function labelOf(pod: Pod): string {
  return isStandIn(pod) ? workloadLabel(pod) : `${pod.namespace}/${pod.name}`;
}

/** `shop/web[Deployment]`. */
export function workloadLabel({
  namespace,
  workload,
}: Pick<Pod, "namespace" | "workload">): string {
  return `${namespace}/${workload.name}[${workload.kind}]`;
}

function ambiguous({ text }: Reference, groups: readonly PodGroup[]): string {
  const names = groups.map(({ pods }) => fullName(pods[0])).slice(0, 5);
  return `\`${text}\` is ambiguous; write one of ${names.map((name) => `\`${name}\``).join(", ")}`;
}

function fullName(pod: Pod | undefined): string {
  if (pod === undefined) return "";
  const { namespace, workload } = pod;
  return workload.kind === "Pod"
    ? `${namespace}/${pod.name}`
    : `${namespace}/${workload.kind.toLowerCase()}/${workload.name}`;
}

function missing(
  { text, name, namespace, kind }: Reference,
  places: readonly string[] | null,
  pods: readonly Pod[],
): string {
  const place = places === null ? "" : ` in namespace ${places.join(", ")}`;
  const names = new Map<string, string>();
  for (const pod of pods) {
    const prefix = namespace === null ? "" : `${pod.namespace}/`;
    names.set(fullName(pod), `${prefix}${pod.workload.name}`);
    if (!isStandIn(pod)) names.set(`${pod.namespace}/${pod.name}`, `${prefix}${pod.name}`);
  }
  const what = kind === null || kind === "Pod" ? "pod or workload" : kind;
  const wanted = namespace === null ? name : `${namespace}/${name}`;
  return `there is no ${what} \`${text}\`${place}${didYouMean(wanted, names)}`;
}

/** `; did you mean a, b?` for the nearest names, nothing where none is near. */
export function didYouMean(name: string, names: ReadonlyMap<string, string>): string {
  const near = Array.from(names, ([full, short]) => ({ full, distance: leven(name, short) }))
    .filter(({ full, distance }) => distance <= Math.max(2, name.length / 3) || full.includes(name))
    .toSorted((a, b) => a.distance - b.distance || (a.full < b.full ? -1 : 1))
    .slice(0, 3)
    .map(({ full }) => `\`${full}\``);
  return near.length === 0 ? "" : `; did you mean ${near.join(", ")}?`;
}
