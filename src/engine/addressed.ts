import { rangeContains } from "./address.ts";
import type { ClusterIndex } from "./cluster-index.ts";
import { isNode, type PodRecord } from "./endpoint-class.ts";
import type { AddressRange, Node, Pod } from "./model.ts";

// PERF: if a policy mentions the range, only pods and nodes inside it are looked at; else also their
// neighbours, up to the next address that policies mention.

/** Pods with an address in `range`, hostNetwork pods by that of their node; lazily. */
export function* podsWithin(index: ClusterIndex, range: AddressRange): Iterable<Pod> {
  for (const { pod } of recordsWithin(index, range, false)) yield pod;
}

/** Nodes with an address in `range`, lazily. */
export function* nodesWithin(index: ClusterIndex, range: AddressRange): Iterable<Node> {
  for (const { node } of recordsWithin(index, range, true)) if (node !== null) yield node;
}

function* recordsWithin(
  { selectors }: ClusterIndex,
  range: AddressRange,
  ofNodes: boolean,
): Iterable<PodRecord> {
  for (const atom of selectors.partition.atoms.within(range)) {
    for (const cls of atom.classes) {
      if (isNode(cls) !== ofNodes) continue;
      for (const record of cls.pods) {
        if (record.addresses.some((address) => rangeContains(range, address))) yield record;
      }
    }
  }
}
