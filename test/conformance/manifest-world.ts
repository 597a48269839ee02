import { readFileSync } from "node:fs";
import { parseYaml } from "../../src/config/yaml-documents.ts";
import { DATAPLANES, type Dataplane } from "../../src/engine/dataplane.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import type { Namespace, Pod, Policy, Workload } from "../../src/engine/model.ts";
import { itemsOf, parseObject, type WireObject } from "../../src/wire/document.ts";
import { bareNamespace } from "../../src/wire/namespace.ts";
import { field, listAt, textAt } from "../../src/wire/shape.ts";
import { representativePod } from "../../src/wire/workload.ts";
import { filesUnder } from "../wire/corpus.ts";
import { succeed } from "../wire/describe-policy.ts";

/** To netpol-analyzer "ipBlock never selects pods", and hostNetwork and ended pods are like any others. */
const DATAPLANE: Dataplane = { ...DATAPLANES.generic, ipBlockMatchesPods: false };
const LIKE_ANY_OTHER = { addresses: [], hostNetwork: false, ended: false };

/** The manifests of a folder in an engine, by netpol-analyzer's conventions. */
export function engineOf(folder: string): MatchingEngine {
  const objects = filesUnder(folder).filter(isManifest).flatMap(objectsIn);
  const engine = new MatchingEngine({ dataplane: DATAPLANE });
  const pods = objects.flatMap(podsIn);
  const declared = new Map<string, Namespace>();
  for (const { namespace } of pods) declared.set(namespace, bareNamespace(namespace));
  for (const { object } of objects) {
    if (object.kind === "namespace") declared.set(object.namespace.name, object.namespace);
  }
  for (const object of declared.values()) {
    engine.apply({ kind: "namespace", op: "upsert", object });
  }
  for (const object of pods) engine.apply({ kind: "pod", op: "upsert", object });
  for (const object of objects.flatMap(policyOf)) {
    engine.apply({ kind: "policy", op: "upsert", object });
  }
  return engine;
}

/** The folders also hold the tool's output. */
function isManifest(file: string): boolean {
  return /\.(?:ya?ml|json)$/.test(file) && !file.endsWith("_output.json");
}

interface Document {
  readonly object: WireObject;
  readonly raw: unknown;
}

function objectsIn(file: string): readonly Document[] {
  return succeed(parseYaml(readFileSync(file, "utf8"), file)).flatMap(({ value }) =>
    itemsOf(value).flatMap(({ raw }) =>
      isObjectOfAKind(raw) ? { object: succeed(parseObject(raw)), raw } : [],
    ),
  );
}

/** The folders also hold files of other tools. */
function isObjectOfAKind(raw: unknown): boolean {
  return field(raw, "kind") !== undefined && field(raw, "apiVersion") !== undefined;
}

function podsIn({ object, raw }: Document): readonly Pod[] {
  if (object.kind === "pod") {
    const workload = nodeThatOwns(raw) ?? object.pod.workload;
    return [{ ...object.pod, ...LIKE_ANY_OTHER, workload }];
  }
  if (object.kind !== "workload") return [];
  const pod = representativePod(object.template);
  // Workloads of two kinds may have the same name, pods may not.
  return [{ ...pod, ...LIKE_ANY_OTHER, name: `${pod.workload.kind}-${pod.name}` }];
}

/** The static pods of a node are one workload to netpol-analyzer, as those of any other owner. */
function nodeThatOwns(raw: unknown): Workload | null {
  const owner = listAt(raw, "metadata", "ownerReferences").find(
    (one) => field(one, "controller") === true && field(one, "kind") === "Node",
  );
  return owner === undefined ? null : { kind: "Node", name: textAt(owner, "name") };
}

function policyOf({ object }: Document): readonly Policy[] {
  return object.kind === "policy" ? [object.parsed.policy] : [];
}
