import { isDeepStrictEqual } from "node:util";
import type { Labels } from "../../engine/model.ts";
import { PROFILE_LABEL } from "../../wire/ringfence-labels.ts";
import { field } from "../../wire/shape.ts";
import type { SourceNamespace, SourcePolicy } from "../sources/world.ts";
import { type JudgedObject, judgedNamespace, judgedPolicy } from "./judged-object.ts";

/** A change as the webhook is asked about it: null before is a creation, null after a deletion. */
export interface JudgedChange {
  readonly old: JudgedObject | null;
  readonly next: JudgedObject | null;
}

/**
 * A policy as it is applied: an update where a file of `-f` puts it in the place of one that is different,
 * else a creation. (The webhook does not judge an update that changes nothing; who asks wants an answer.)
 */
export function policyChange(source: SourcePolicy): JudgedChange {
  const { replaces, manifest } = source;
  const isUpdate = replaces !== null && !isSame(replaces.manifest, manifest);
  return { old: isUpdate ? judgedPolicy(replaces) : null, next: judgedPolicy(source) };
}

/** Report whether two manifests say the same to the webhook. */
export function isSame(a: unknown, b: unknown): boolean {
  return [["spec"], ["metadata", "labels"]].every((keys) =>
    isDeepStrictEqual(field(a, ...keys), field(b, ...keys)),
  );
}

/** The same of a Namespace. */
export function namespaceChange(source: SourceNamespace): JudgedChange {
  const { replaces } = source;
  return {
    old: replaces === null ? null : judgedNamespace(replaces),
    next: judgedNamespace(source),
  };
}

/**
 * The labels that name the profile: the old ones if they do, because leaving a profile is judged by that
 * profile.
 */
export function governingLabels({ old, next }: JudgedChange): Labels | null {
  return old?.labels?.has(PROFILE_LABEL) === true ? old.labels : (next?.labels ?? null);
}
