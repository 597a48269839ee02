import type { PodTemplate } from "../wire/workload.ts";

/** Pod templates of workloads, by namespace. */
export class TemplateIndex {
  readonly #byNamespace = new Map<string, Map<string, PodTemplate>>();

  /** `key` is the workload's `namespace/name`. */
  upsert(kind: string, key: string, template: PodTemplate): void {
    const { namespace } = template;
    const templates = this.#byNamespace.get(namespace) ?? new Map<string, PodTemplate>();
    this.#byNamespace.set(namespace, templates.set(`${kind} ${key}`, template));
  }

  delete(kind: string, key: string): void {
    const namespace = key.slice(0, key.indexOf("/"));
    const templates = this.#byNamespace.get(namespace);
    templates?.delete(`${kind} ${key}`);
    if (templates?.size === 0) this.#byNamespace.delete(namespace);
  }

  /** Those of a namespace. */
  of(namespace: string): Iterable<PodTemplate> {
    return this.#byNamespace.get(namespace)?.values() ?? [];
  }
}
