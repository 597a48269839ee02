import type { ClusterIndex } from "./cluster-index.ts";
import { versionOf } from "./difference.ts";
import { Effort } from "./effort.ts";
import { type EndpointClass, isNode } from "./endpoint-class.ts";
import { sweep } from "./flows.ts";
import type { Item, Rectangle } from "./item.ts";
import type { ClassSide, Lens } from "./lens.ts";
import { type Direction, opposite } from "./model.ts";
import { differingPeers, peersWithin } from "./peers.ts";

/** All that a lens sees now: the difference to an empty cluster. */
export function standing(index: ClusterIndex, lens: Lens): Iterable<Rectangle> {
  index.rows.settle();
  const near = smallerEnd(lens);
  const [subjects, peers] = [lens.sideOf(near), lens.sideOf(opposite(near))];
  const items = new Map<EndpointClass, readonly Item[]>();
  const itemsOf = (cls: EndpointClass): readonly Item[] => {
    let found = items.get(cls);
    if (found === undefined) {
      found = itemOf(index, cls, peers);
      items.set(cls, found);
    }
    return found;
  };
  const classes = subjects?.classes() ?? index.selectors.partition.classes;
  return sweep({
    index,
    direction: near,
    lens,
    subjects: [...classes].flatMap(itemsOf),
    peersOf: ({ after }) => {
      const found = differingPeers(index, null, after === null ? null : after[near]);
      return peersWithin(index, { ...found, strangers: found.strangers || lens.denied }, peers);
    },
    changed: () => false,
    itemsOf,
    effort: new Effort(Number.POSITIVE_INFINITY),
  });
}

/** PERF: the fewer the subjects, the fewer rows are gone through. */
function smallerEnd(lens: Lens): Direction {
  const [from, to] = [lens.sideOf("egress"), lens.sideOf("ingress")];
  return to !== null && from !== null && to.size < from.size ? "ingress" : "egress";
}

/** The members of a class, if there are any; nodes are ends only to a lens that asks for them. */
function itemOf(index: ClusterIndex, cls: EndpointClass, side: ClassSide | null): readonly Item[] {
  const pods = cls.kind === "address" ? null : cls.pods;
  const isEmpty = pods === null ? !index.inventory.hasVacancy(cls) : pods.size === 0;
  if (isEmpty || (side === null && isNode(cls))) return [];
  return [{ before: null, after: versionOf(index, cls), pods }];
}
