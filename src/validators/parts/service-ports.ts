import type { Effort } from "../../engine/effort.ts";
import type { NamespaceScope, Selector } from "../../engine/model.ts";
import type { Service } from "../../wire/service.ts";
import { type Bearer, bearersOf, MAX_READ, namespacesOf, type Surroundings } from "./bearers.ts";

/** PERF: in how many namespaces of a selection Services are looked at. */
const MAX_NAMESPACES = 20;

/** Services in the namespaces of a scope, up to that many and as far as `effort` allows. */
export function* servicesIn(
  scope: NamespaceScope,
  { after, facts }: Surroundings,
  effort: Effort,
): Generator<Service, void> {
  for (const namespace of namespacesOf(scope, after).slice(0, MAX_NAMESPACES)) {
    for (const service of facts.services.of(namespace)) {
      if (!effort.take(1)) return;
      yield service;
    }
  }
}

/** A pod or template that `service` leads to and `pods` selects, as an example, if `effort` allows to find one. */
export function servedBy(
  { selector, namespace }: Service,
  pods: Selector,
  surroundings: Surroundings,
  effort: Effort,
): Bearer | undefined {
  if (selector === null) return undefined;
  let read = 0;
  const own = { namespaces: { kind: "name", name: namespace }, pods } as const;
  for (const bearer of bearersOf([own], surroundings, effort)) {
    if (selector.entries().every(([key, value]) => bearer.labels.get(key) === value)) return bearer;
    read += 1;
    if (read === MAX_READ) return undefined;
  }
  return undefined;
}
