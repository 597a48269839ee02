import type { Shape } from "./shape.ts";

/** A name that a macro has given, and the slot that holds its value. */
export interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly shape: Shape;
  readonly outer: Scope | null;
}

/** What a name stands for; null for none that a macro has given. */
export function find<S extends { readonly name: string; readonly outer: S | null }>(
  scope: S | null,
  name: string,
): S | null {
  if (scope === null || scope.name === name) return scope;
  return find(scope.outer, name);
}
