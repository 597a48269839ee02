import type { Direction } from "../../engine/model.ts";
import type { DirectionExplanation, Explanation, FamilyExplanation } from "../../engine/query.ts";

/** Families of addresses by their names; 0 is of ends that have none yet. */
const FAMILIES: Readonly<Record<FamilyExplanation["family"], string>> = {
  4: "IPv4",
  6: "IPv6",
  0: "any family",
};

/** `IPv4`. */
export function familyName({ family }: Pick<FamilyExplanation, "family">): string {
  return FAMILIES[family];
}

/**
 * What `tell` says of one end of a flow: once if that is the same for every address family, else once for
 * each, with the family's name.
 */
export function tellByFamily(
  explanation: Explanation,
  direction: Direction,
  tell: (side: DirectionExplanation, family: string | null) => string,
): readonly string[] {
  const { families } = explanation;
  const told = new Set(families.map((each) => tell(each[direction], null)));
  return told.size > 1
    ? families.map((each) => tell(each[direction], familyName(each)))
    : [tell(explanation[direction], null)];
}
