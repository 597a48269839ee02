import type { Shape } from "./shape.ts";

/** A name that a macro has given, and the slot that holds its value. */
export interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly shape: Shape;
  readonly outer: Scope | null;
}

/** What a name stands for; null for none that a macro has given. */
export function find(scope: Scope | null, name: string): Scope | null {
  if (scope === null || scope.name === name) return scope;
  return find(scope.outer, name);
}
