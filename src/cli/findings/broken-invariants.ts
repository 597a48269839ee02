import { resourceKey } from "../../resources/resource.ts";
import { invariantId } from "../../rules/names.ts";
import { renderBreaches } from "../../rules/render-delta.ts";
import type { World } from "../sources/world.ts";
import { type ReportedFinding, SEVERITIES } from "./finding.ts";
import type { Governance } from "./governance.ts";

/** A line names this many groups of flows. */
const NAMED_GROUPS = 2;

/** The invariants that the world breaks as it stands, whatever the reason; where that cannot be told, a note. */
export function brokenInvariants(world: World, governance: Governance): readonly ReportedFinding[] {
  const { engine } = world;
  return [...governance.invariantsOn(engine).entries()].flatMap(([claim, invariant]) => {
    const { certain, perhaps } = engine.breaches(claim, NAMED_GROUPS);
    const isBroken = certain.groups.length > 0;
    const list = isBroken ? certain : perhaps;
    if (list.groups.length === 0) return [];
    const flows = renderBreaches(list);
    const isOpen = invariant.claim.sense === "open";
    const key = resourceKey(invariant);
    return [
      {
        rule: invariantId(invariant.name),
        severity: isBroken ? SEVERITIES[invariant.action] : ("note" as const),
        object: key,
        namespace: "",
        path: "",
        message: isBroken
          ? `does not hold: ${flows} ${isOpen ? "cannot be reached" : "can be reached"}`
          : `cannot be told of ${flows}`,
        help: invariant.description,
        fix: null,
        place: governance.originOf(key).place(""),
      },
    ];
  });
}
