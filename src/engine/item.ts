import {
  type EndpointClass,
  type FlowFamily,
  flowFamilies,
  type PodRecord,
} from "./endpoint-class.ts";
import type { Direction } from "./model.ts";
import type { Outcome } from "./outcome.ts";
import {
  intersectPorts,
  isEmptyPorts,
  NO_PORTS,
  type PortSet,
  subtractPorts,
  unionPorts,
} from "./port-set.ts";
import { outcomeFor, type Row } from "./row.ts";

/** A class at one moment, with the rows it has then. */
export interface Version {
  readonly cls: EndpointClass;
  readonly egress: Row;
  readonly ingress: Row;
}

/** Pods (or addresses) that went through a change together; null: they were not there before, or are not after. */
export interface Item {
  readonly before: Version | null;
  readonly after: Version | null;
  /** Null for the addresses of an atom. */
  readonly pods: ReadonlySet<PodRecord> | null;
}

/** Each of `from` to each of `to`. */
export interface Rectangle {
  readonly from: readonly Item[];
  readonly to: readonly Item[];
  readonly opened: PortSet;
  readonly closed: PortSet;
  /** What became undecidable, or stopped being so without opening or closing. */
  readonly unsure: PortSet;
}

const NOTHING: Outcome = { allowed: NO_PORTS, unknown: NO_PORTS };

/** The class that an item is in, or else was in. */
export function classOf({ before, after }: Item): EndpointClass | undefined {
  return (after ?? before)?.cls;
}

/** Report whether an item is in another class than before, so that other selectors may match it. */
export function isMoved({ before, after }: Item): boolean {
  return before?.cls !== after?.cls;
}

/** On which ports one class may talk with another: both rows, over all families they share. */
export function pairOutcome(from: Version | null, to: Version | null): Outcome {
  if (from === null || to === null) return NOTHING;
  return outcomeOver(from, to, flowFamilies(from.cls, to.cls));
}

/** The same over these families: what one of them lets through counts as let through. */
export function outcomeOver(from: Version, to: Version, families: readonly FlowFamily[]): Outcome {
  let allowed = NO_PORTS;
  let possible = NO_PORTS;
  for (const family of families) {
    const egress = outcomeFor(from.egress, to.cls, to.cls, family);
    const ingress = outcomeFor(to.ingress, from.cls, to.cls, family);
    const open = intersectPorts(egress.allowed, ingress.allowed);
    allowed = unionPorts(allowed, open);
    // PERF: mostly all is known.
    const known = isEmptyPorts(egress.unknown) && isEmptyPorts(ingress.unknown);
    possible = unionPorts(
      possible,
      known
        ? open
        : intersectPorts(
            unionPorts(egress.allowed, egress.unknown),
            unionPorts(ingress.allowed, ingress.unknown),
          ),
    );
  }
  return { allowed, unknown: subtractPorts(possible, allowed) };
}

/** The rows of an end as text: with how selectors match its class, all that answers depend on. */
export function endKey(item: Item, direction: Direction): string {
  const { before, after } = item;
  if (before === after) return `${before?.[direction].id}`;
  return `${isMoved(item) ? "m" : ""}${before?.[direction].id}>${after?.[direction].id}`;
}
