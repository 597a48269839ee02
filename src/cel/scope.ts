import type { StaticType } from "./static-type.ts";

/** A name that a macro has given, the slot that holds its value, and what is known of its type. */
export interface Scope {
  readonly name: string;
  readonly slot: number;
  readonly type: StaticType;
  readonly outer: Scope | null;
}

/** What a name stands for; null for none that a macro has given. */
export function find(scope: Scope | null, name: string): Scope | null {
  if (scope === null || scope.name === name) return scope;
  return find(scope.outer, name);
}
