import { type Change, type Labels, podKey, policyKey } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";
import { type Problem, type Result, success } from "../errors.ts";
import type { GovernedObject } from "../rules/rule.ts";
import { readLabels } from "../wire/metadata.ts";
import { parseNamespace } from "../wire/namespace.ts";
import { optInNotices } from "../wire/opt-in-notices.ts";
import { parsePod } from "../wire/pod.ts";
import type { PolicyManifest } from "../wire/policy-manifest.ts";
import { POLICY_READERS } from "../wire/policy-readers.ts";
import { field } from "../wire/shape.ts";
import type { RequestedChange } from "./review.ts";

/** The objects of a request as the rules see them, and what the request does to the cluster. */
export interface Subject {
  readonly object: GovernedObject | null;
  readonly oldObject: GovernedObject | null;
  readonly changes: readonly Change[];
  /** Those of the namespace that the object is in, or is; before the change, if it existed then. */
  readonly namespaceLabels: Labels | null;
  /** The object's own, as they are to be; on DELETE as they are. */
  readonly labels: Labels;
  /** Where the new object was read in a way its author may not expect. */
  readonly notices: readonly Problem[];
  /** Why the stored object could not be read; it must stay possible to mend or delete it. */
  readonly oldProblems: readonly Problem[];
}

interface ReadObject {
  readonly governed: GovernedObject | null;
  readonly upsert: Change | null;
  readonly notices: readonly Problem[];
}

const NOTHING: Result<ReadObject, readonly Problem[]> = success({
  governed: null,
  upsert: null,
  notices: [],
});

/** Read the objects of a request to the cluster of `engine`. Fails where the new one cannot be read. */
export function readSubject(
  request: RequestedChange,
  engine: EngineView,
): Result<Subject, readonly Problem[]> {
  const next = request.operation === "DELETE" ? NOTHING : readObject(request, request.object);
  if (!next.ok) return next;
  const old = readOldObject(request, engine);
  const { governed: object, upsert, notices } = next.value;
  return success({
    labels: readLabels(field(request.object ?? request.oldObject, "metadata", "labels")),
    object,
    oldObject: old.ok ? old.value.governed : null,
    changes: upsert === null ? removalOf(request) : [upsert],
    // SECURITY: the old ones first: a change of labels must not choose the rules by which it is judged.
    namespaceLabels:
      engine.namespace(request.namespace)?.labels ??
      labelsOf(old.ok ? old.value.upsert : null) ??
      labelsOf(upsert),
    notices,
    oldProblems: old.ok ? [] : old.error,
  });
}

function labelsOf(upsert: Change | null): Labels | null {
  return upsert?.kind === "namespace" && upsert.op === "upsert" ? upsert.object.labels : null;
}

function removalOf({ kind, name, namespace }: RequestedChange): readonly Change[] {
  // It keeps its labels until everything in it has gone: at no time are its pods in a namespace nobody knows.
  if (kind === "Namespace") return [];
  if (kind === "Pod") return [{ kind: "pod", op: "delete", key: podKey({ namespace, name }) }];
  return [{ kind: "policy", op: "delete", key: policyKey({ kind, namespace, name }) }];
}

/**
 * PERF: the watches have already read the policy that an UPDATE replaces, and rules only ask for its text and
 * what the engine makes of it.
 */
function readOldObject(
  request: RequestedChange,
  engine: EngineView,
): Result<ReadObject, readonly Problem[]> {
  const { kind, operation, oldObject } = request;
  if (operation === "CREATE") return NOTHING;
  // The engine knows the old pod, and no rule asks for it.
  if (kind === "Pod") return NOTHING;
  if (operation === "UPDATE" && kind !== "Namespace") {
    const policy = engine.policy(policyKey({ ...request, kind }));
    if (policy?.readable === true) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the watch's reader has accepted it
      const manifest = oldObject as PolicyManifest;
      return success({ governed: { kind: "policy", manifest, policy }, upsert: null, notices: [] });
    }
  }
  return readObject(request, oldObject);
}

function readObject(
  { kind, namespace }: RequestedChange,
  raw: unknown,
): Result<ReadObject, readonly Problem[]> {
  if (kind === "Namespace") {
    const read = parseNamespace(raw);
    if (!read.ok) return read;
    const { manifest, namespace: object } = read.value;
    return success({
      governed: { kind: "namespace", manifest },
      upsert: { kind: "namespace", op: "upsert", object },
      notices: optInNotices(object.labels),
    });
  }
  if (kind === "Pod") {
    const read = parsePod(raw, namespace);
    if (!read.ok) return read;
    const upsert = { kind: "pod", op: "upsert", object: read.value } as const;
    // No rule looks at a pod: only who can reach it, and whom it can reach.
    return success({ governed: null, upsert, notices: [] });
  }
  const read = POLICY_READERS[kind].parse(raw, namespace);
  if (!read.ok) return read;
  const { manifest, policy, notices } = read.value;
  return success({
    governed: { kind: "policy", manifest, policy },
    upsert: { kind: "policy", op: "upsert", object: policy },
    notices,
  });
}
