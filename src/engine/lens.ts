import type { EndpointClass } from "./endpoint-class.ts";
import { type Item, pairOutcome, type Rectangle } from "./item.ts";
import type { Direction } from "./model.ts";
import { sameOutcome } from "./outcome.ts";
import { subtractPorts, unionPorts } from "./port-set.ts";

export type PairChange = Pick<Rectangle, "opened" | "closed" | "unsure">;

/** The classes that may be one end of a flow. */
export interface ClassSide {
  readonly size: number;
  has(cls: EndpointClass): boolean;
  classes(): Iterable<EndpointClass>;
}

/** What is looked for between two ends, and at which ends. `egress` is the end that flows come from. */
export interface Lens {
  /** Null: every class. */
  sideOf(end: Direction): ClassSide | null;
  /** What else tells classes apart at this end, as text, beside their rows and how selectors match them. */
  kindOf(cls: EndpointClass, end: Direction): string;
  /** Whether flows count that are denied before and after. */
  readonly denied: boolean;
  /** Null: nothing changes that counts. */
  changeBetween(from: Item, to: Item): PairChange | null;
}

/** Everything that opens or closes, wherever it is. */
export const EVERY_FLOW: Lens = {
  sideOf: () => null,
  kindOf: () => "",
  denied: false,
  changeBetween: (from, to) => {
    const before = pairOutcome(from.before, to.before);
    const after = pairOutcome(from.after, to.after);
    if (sameOutcome(before, after)) return null;
    const opened = subtractPorts(after.allowed, before.allowed);
    const closed = subtractPorts(before.allowed, after.allowed);
    const doubt = unionPorts(
      subtractPorts(after.unknown, before.unknown),
      subtractPorts(before.unknown, after.unknown),
    );
    const unsure = subtractPorts(doubt, unionPorts(opened, closed));
    return { opened, closed, unsure };
  },
};

/** The same between these classes alone, nodes included. */
export function flowsBetween(
  from: ReadonlySet<EndpointClass>,
  to: ReadonlySet<EndpointClass>,
): Lens {
  const [source, target] = [sideOver(from), sideOver(to)];
  return { ...EVERY_FLOW, sideOf: (end) => (end === "egress" ? source : target) };
}

function sideOver(classes: ReadonlySet<EndpointClass>): ClassSide {
  return { size: classes.size, has: (cls) => classes.has(cls), classes: () => classes };
}

/** Report whether some of an item is on this side, before or after. */
export function isOn(side: ClassSide, { before, after }: Item): boolean {
  if (after !== null && side.has(after.cls)) return true;
  return before !== null && before.cls !== after?.cls && side.has(before.cls);
}

/** The `kindOf` of an item at this end, before and after. */
export function itemKind(lens: Lens, { before, after }: Item, end: Direction): string {
  const kind = after === null ? "" : lens.kindOf(after.cls, end);
  if (before?.cls === after?.cls) return kind;
  return `${before === null ? "" : lens.kindOf(before.cls, end)}>${kind}`;
}

/** Report whether the kind of an item at this end has changed, or it is there only before or only after. */
export function changesKind(lens: Lens, { before, after }: Item, end: Direction): boolean {
  if (before === null || after === null) return true;
  return before.cls !== after.cls && lens.kindOf(before.cls, end) !== lens.kindOf(after.cls, end);
}
