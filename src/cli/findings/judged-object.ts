import { type Change, type Labels, policyKey } from "../../engine/model.ts";
import type { Problem } from "../../errors.ts";
import { objectName } from "../../rules/phrases.ts";
import type { GovernedObject } from "../../rules/rule.ts";
import { readLabels } from "../../wire/metadata.ts";
import { optInNotices } from "../../wire/opt-in-notices.ts";
import { field } from "../../wire/shape.ts";
import type { Origin } from "../sources/source-object.ts";
import type { SourceNamespace, SourcePolicy } from "../sources/world.ts";
import type { ReportedFinding } from "./finding.ts";

/** A policy or a namespace as rules look at it, with where it was read. */
export interface JudgedObject {
  /** `NetworkPolicy shop/web`. */
  readonly name: string;
  /** The namespace that it is in, or is; empty for cluster-scoped policies. */
  readonly namespace: string;
  readonly origin: Origin;
  readonly notices: readonly Problem[];
  readonly governed: GovernedObject;
  /** Its own, whatever it is. */
  readonly ownLabels: Labels;
  /** Of a namespace; null of anything else. */
  readonly labels: Labels | null;
  /** What puts it into an engine, and takes it out. */
  readonly upsert: Change;
  readonly removal: Change;
}

/** A policy of a source, as rules look at it. */
export function judgedPolicy({ policy, manifest, notices, origin }: SourcePolicy): JudgedObject {
  return {
    name: objectName(policy),
    namespace: policy.namespace,
    origin,
    notices,
    governed: { kind: "policy", manifest, policy },
    ownLabels: readLabels(field(manifest, "metadata", "labels")),
    labels: null,
    upsert: { kind: "policy", op: "upsert", object: policy },
    removal: { kind: "policy", op: "delete", key: policyKey(policy) },
  };
}

/** A namespace of a source, as rules look at it. */
export function judgedNamespace({ namespace, manifest, origin }: SourceNamespace): JudgedObject {
  const { name } = namespace;
  return {
    name: `Namespace ${name}`,
    namespace: name,
    origin,
    notices: optInNotices(namespace.labels),
    governed: { kind: "namespace", manifest },
    ownLabels: namespace.labels,
    labels: namespace.labels,
    upsert: { kind: "namespace", op: "upsert", object: namespace },
    removal: { kind: "namespace", op: "delete", key: name },
  };
}

/** A finding about an object, with where it is written. */
export function report(
  { name, namespace, origin }: Pick<JudgedObject, "name" | "namespace" | "origin">,
  finding: Pick<ReportedFinding, "rule" | "severity" | "path" | "message" | "help">,
  fix: ReportedFinding["fix"] = null,
): ReportedFinding {
  return { ...finding, fix, object: name, namespace, place: origin.place(finding.path) };
}
