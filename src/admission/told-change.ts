import type { Change } from "../engine/model.ts";
import { isObject } from "../wire/shape.ts";
import { baselineChanges } from "./baseline-changes.ts";
import {
  type GovernedRequest,
  isGovernedKind,
  isOperation,
  type RequestedChange,
} from "./review.ts";
import { readSubject } from "./subject.ts";
import type { Surroundings } from "./surroundings.ts";

/** Large, since it is the object once more, and of no matter to what can be reached. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** The part of a request that other replicas need to read from it what it changes, as JSON. */
export function toldOf(request: GovernedRequest): RequestedChange {
  const { kind, operation, namespace, name, object, oldObject } = request;
  // The others know the policy that is replaced.
  const old = kind === "Namespace" ? abridge(oldObject) : null;
  return { kind, operation, namespace, name, object: abridge(object), oldObject: old };
}

/**
 * What a change that another replica has told of does to the cluster, its baseline included. Null where it cannot
 * be read: this replica would not have admitted it, and a newer one may tell what an older does not know.
 */
export function changesOf(told: unknown, around: Surroundings): readonly Change[] | null {
  if (!isTold(told)) return null;
  const subject = readSubject(told, around.cluster.engine);
  return subject.ok ? [...subject.value.changes, ...baselineChanges(told, around)] : null;
}

function abridge(raw: unknown): unknown {
  if (!isObject(raw)) return null;
  const { apiVersion, kind, metadata, spec } = raw;
  const { name, namespace, labels, annotations } = isObject(metadata) ? metadata : {};
  const { [LAST_APPLIED]: _, ...others } = isObject(annotations) ? annotations : {};
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, labels, annotations: others },
    spec,
  };
}

function isTold(raw: unknown): raw is RequestedChange {
  return (
    isObject(raw) &&
    isGovernedKind(raw["kind"]) &&
    isOperation(raw["operation"]) &&
    [raw["namespace"], raw["name"]].every((name) => typeof name === "string")
  );
}
