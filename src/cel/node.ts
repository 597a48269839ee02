import type { Run } from "./evaluate-macro.ts";
import { DYN, plain, type StaticType } from "./static-type.ts";
import { typeOf, type Value } from "./value.ts";

/** An expression ready to run, and what is known of its value beforehand. */
export interface Node {
  readonly run: Run;
  readonly type: StaticType;
  /** There where the value is always the same. */
  readonly constant?: Value;
  /** Of a list that stands in the expression, the types of its items. */
  readonly items?: readonly StaticType[];
}

/** What stands for an expression that something is wrong with. */
export const NOTHING: Node = { run: () => null, type: DYN };

/** A value that is known before the expression runs. */
export function constantNode(value: Value): Node {
  return { run: () => value, type: plain(typeOf(value)), constant: value };
}

/** Report whether all of them are known before the expression runs. */
export function areConstant(nodes: readonly Pick<Node, "constant">[]): boolean {
  return nodes.every(({ constant }) => constant !== undefined);
}
