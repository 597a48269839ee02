import type { ClusterIndex, RowsBefore } from "./cluster-index.ts";
import type { CompiledPolicy } from "./compile.ts";
import { Difference, movedItems, versionsOf } from "./difference.ts";
import { Effort } from "./effort.ts";
import type { EndpointClass } from "./endpoint-class.ts";
import { createGroup, NAMED } from "./group.ts";
import type { Item, Rectangle } from "./item.ts";
import { flowsBetween } from "./lens.ts";
import { type Change, changeKey, type Direction } from "./model.ts";
import type { Partition } from "./partition.ts";
import { isEmptyPorts, type PortSet, unionPorts } from "./port-set.ts";
import type { Delta, FlowGroup, Group } from "./query.ts";

/**
 * Apply `changes`, hand over what they make different, and take them back: the index is afterwards as
 * it was. What the new policies mention refines the partition first, so that one partition tells of
 * both before and after. Who asks for a difference beyond the `effort` gets a part of it.
 */
export function withChanges<T>(
  index: ClusterIndex,
  changes: readonly Change[],
  ask: (difference: Difference) => T,
  effort = new Effort(Number.POSITIVE_INFINITY),
): T {
  const { partition } = index.selectors;
  return whileApplied(index, changes, partition, (journal, apply) => {
    // A policy moves nobody.
    const moves = changes.some(({ kind }) => kind !== "policy");
    const before = moves ? versionsOf(index, index.inventory.affectedPods(changes)) : null;
    apply();
    const moved =
      before === null
        ? []
        : movedItems(before, versionsOf(index, index.inventory.affectedPods(changes)));
    return ask(new Difference(index, moved, journal, effort));
  });
}

/** Apply `changes` for the time of `ask`. Of several that name one object the last one counts. */
export function assumeChanges<T>(index: ClusterIndex, changes: readonly Change[], ask: () => T): T {
  if (changes.length === 0) return ask();
  const last = new Map(changes.map((change) => [`${change.kind} ${changeKey(change)}`, change]));
  return whileApplied(index, [...last.values()], null, (_, apply) => {
    apply();
    return ask();
  });
}

/**
 * Prepare to `apply` changes, and in the end take back whatever was applied. `held`: the partition, if
 * emptied classes are to be kept because they stand for the state before.
 */
function whileApplied<T>(
  index: ClusterIndex,
  changes: readonly Change[],
  held: Partition | null,
  ask: (journal: ReadonlyMap<EndpointClass, RowsBefore | null>, apply: () => void) => T,
): T {
  index.selectors.partition.refuseWhileHeld();
  const bound = changes.map((change) =>
    change.kind === "policy" && change.op === "upsert" ? index.bind(change.object) : null,
  );
  const journal = index.remember();
  held?.hold();
  const undo: (() => void)[] = [];
  try {
    return ask(journal, () => {
      for (const [position, change] of changes.entries()) {
        undo.push(applyForNow(index, change, bound[position] ?? null));
      }
    });
  } finally {
    for (const takeBack of undo.toReversed()) takeBack();
    held?.letGo();
    index.forget();
    for (const policy of bound) if (policy !== null) index.unbind(policy);
  }
}

/** Apply a change; what is returned takes it back. A policy that goes stays bound until then. */
function applyForNow(
  index: ClusterIndex,
  change: Change,
  bound: CompiledPolicy | null,
): () => void {
  if (change.kind === "policy") {
    const key = bound?.key ?? changeKey(change);
    const previous = index.swapPolicy(key, bound);
    return () => void index.replacePolicy(key, previous);
  }
  const inverse = index.inverse(change);
  index.apply(change);
  return () => index.apply(inverse);
}

/** All that opens and closes, the ends named. */
export function createDelta(index: ClusterIndex, difference: Difference): Delta {
  const opened: FlowGroup[] = [];
  const closed: FlowGroup[] = [];
  const unsure: FlowGroup[] = [];
  // PERF: many rectangles have the very same subjects.
  const groups = new Map<readonly Item[], Group>();
  const groupOf = (items: readonly Item[]): Group => {
    const group = groups.get(items) ?? createGroup(index, items, NAMED);
    groups.set(items, group);
    return group;
  };
  const endsOf = ({ from, to }: Rectangle): Pick<FlowGroup, "from" | "to"> => {
    return { from: groupOf(from), to: groupOf(to) };
  };
  for (const rectangle of difference.everyFlow()) {
    const ends = endsOf(rectangle);
    const note = (flows: FlowGroup[], ports: PortSet): void => {
      if (!isEmptyPorts(ports)) flows.push({ ...ends, ports });
    };
    note(opened, rectangle.opened);
    note(closed, rectangle.closed);
    note(unsure, rectangle.unsure);
  }
  const nodesLose = (namespace: string, direction: Direction): readonly FlowGroup[] => {
    const { nodes } = index.selectors.partition;
    const pods = index.namespaces.find(namespace)?.classes ?? new Set();
    const lens = direction === "ingress" ? flowsBetween(nodes, pods) : flowsBetween(pods, nodes);
    return Array.from(difference.rectangles(lens)).flatMap((rectangle) => {
      const ports = unionPorts(rectangle.closed, rectangle.unsure);
      return isEmptyPorts(ports) ? [] : [{ ...endsOf(rectangle), ports }];
    });
  };
  return { opened, closed, unsure, nodesLose };
}
