import { familyOf, rangeSize } from "../../engine/address.ts";
import type { AddressRange } from "../../engine/model.ts";
import { addAt, appendTo } from "../../rules/json-patch.ts";
import { counted, listed } from "../../rules/phrases.ts";
import type { Block } from "../../rules/placed-rules.ts";
import type { Fix } from "../../rules/rule.ts";
import { isStrictSubset } from "../../wire/ip-block.ts";
import { field } from "../../wire/shape.ts";

/** A block as it is written: a CIDR, in networking.k8s.io/v1 perhaps with exceptions. */
export function blockText({ raw }: Pick<Block, "raw">): string {
  if (typeof raw === "string") return raw;
  const except = field(raw, "except");
  const exceptions = Array.isArray(except) ? except.length : 0;
  const cidr = String(field(raw, "cidr"));
  return exceptions === 0 ? cidr : `${cidr} less ${counted(exceptions, "exception")}`;
}

/** Report whether a range is a network of somebody: wider than a /8 (IPv6: /32) it is the world. */
export function isNetwork(range: AddressRange): boolean {
  return rangeSize(range) <= 1n << (familyOf(range.first) === 4 ? 24n : 96n);
}

/** Addresses that a block is to leave out, and the CIDR that says so. */
export interface Exception {
  readonly block: Block;
  readonly cidr: string;
  readonly range: AddressRange;
}

/** The blocks less the exceptions; null where one has no room for it, or its kind knows none. */
export function withExceptions(exceptions: readonly Exception[]): Fix | null {
  const hasRoom = ({ block, range: hole }: Exception): boolean =>
    field(block.raw, "cidr") !== undefined &&
    block.ranges.some((range) => isStrictSubset(hole, range));
  if (exceptions.length === 0 || !exceptions.every(hasRoom)) return null;
  const cidrs = [...new Set(exceptions.map(({ cidr }) => cidr))];
  const byBlock = Map.groupBy(exceptions, ({ block }) => block);
  return {
    title: `add ${listed(cidrs)} to \`except\``,
    patch: Array.from(byBlock, ([{ path, raw }, holes]) =>
      field(raw, "except") == null
        ? [
            addAt(
              `${path}.except`,
              holes.map(({ cidr }) => cidr),
            ),
          ]
        : holes.map(({ cidr }) => appendTo(`${path}.except`, cidr)),
    ).flat(),
  };
}
