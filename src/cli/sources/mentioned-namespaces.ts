import type { Namespace } from "../../engine/model.ts";
import type { WireObject } from "../../wire/document.ts";
import { bareNamespace } from "../../wire/namespace.ts";

/** Namespaces that objects are in, whether or not a document declares them. */
export class MentionedNamespaces {
  readonly #names = new Set<string>();

  add(read: WireObject): void {
    if (read.kind === "pod") this.#names.add(read.pod.namespace);
    if (read.kind === "workload") this.#names.add(read.template.namespace);
    if (read.kind === "policy" && read.parsed.policy.namespace !== "") {
      this.#names.add(read.parsed.policy.namespace);
    }
  }

  /** All namespaces. One that is only mentioned exists all the same, with the label that every namespace has. */
  beside(
    declared: ReadonlyMap<string, { readonly namespace: Namespace }>,
  ): ReadonlyMap<string, Namespace> {
    const all = new Map<string, Namespace>();
    for (const name of this.#names) {
      if (!declared.has(name)) all.set(name, bareNamespace(name));
    }
    for (const [name, { namespace }] of declared) all.set(name, namespace);
    return all;
  }
}
