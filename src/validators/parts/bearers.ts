import type { Effort } from "../../engine/effort.ts";
import type { Labels, NamespaceScope, Pod, Selection, Selector } from "../../engine/model.ts";
import type { EngineView } from "../../engine/query.ts";
import { selectorMatches } from "../../engine/selector.ts";
import type { ClusterFacts } from "../../rules/rule.ts";

/** A pod, or a workload's template, which stands for pods that do not exist yet. */
export interface Bearer {
  readonly labels: Labels;
  readonly ports: Pod["ports"];
}

/** The part of a context that knows pods and templates. */
export interface Surroundings {
  readonly after: EngineView;
  readonly facts: ClusterFacts;
}

/** PERF: so many pods and templates, for all rules of a policy together, which may be thousands, take some 0.2 s. */
export const MAX_READ_IN_ALL = 1_000_000;

/** Names of the namespaces that a scope means and that exist. */
export function namespacesOf(scope: NamespaceScope, after: EngineView): readonly string[] {
  return scope.kind === "name"
    ? [scope.name]
    : after.matchingNamespaces(scope.selector).map(({ name }) => name);
}

/** Every pod and template of the namespaces of a scope. Lazy: the caller may stop early. */
export function* bearersIn(
  scope: NamespaceScope,
  { after, facts }: Surroundings,
): Generator<Bearer, void> {
  for (const namespace of namespacesOf(scope, after)) {
    yield* after.podsOf(namespace);
    yield* facts.templatesOf(namespace);
  }
}

/** Every pod and template that one of the selections matches, as far as `effort` allows. */
export function* bearersOf(
  selections: readonly Selection[],
  surroundings: Surroundings,
  effort: Effort,
): Generator<Bearer, void> {
  for (const { namespaces, pods } of selections) {
    for (const bearer of bearersIn(namespaces, surroundings)) {
      if (!effort.take(1)) return;
      if (selectorMatches(pods, bearer.labels)) yield bearer;
    }
  }
}

/** PERF: a hint need not read every pod of a cluster; these take some 0.2 ms. */
export const MAX_READ = 1000;

/** A namespace where `pods` would match, null where there is none among the pods that are read. */
export function namespaceOfMatch(pods: Selector, after: EngineView): string | null {
  let read = 0;
  for (const { name } of after.matchingNamespaces([])) {
    for (const { labels } of after.podsOf(name)) {
      if (selectorMatches(pods, labels)) return name;
      read += 1;
      if (read === MAX_READ) return null;
    }
  }
  return null;
}

/** Report whether `selection` matches a pod or a template. */
export function selectsAnything(selection: Selection, { after, facts }: Surroundings): boolean {
  const { count, unsure } = after.select(selection, 0);
  if (count + unsure > 0) return true;
  for (const namespace of namespacesOf(selection.namespaces, after)) {
    for (const { labels } of facts.templatesOf(namespace)) {
      if (selectorMatches(selection.pods, labels)) return true;
    }
  }
  return false;
}
