import type { Requirement, Selector } from "../../engine/model.ts";
import { unreachable } from "../../errors.ts";
import { labelText } from "./phrases.ts";

/** A selector in the words of a manifest: `{}`, `app: web, tier in (a, b), !legacy`. */
export function renderSelector(selector: Selector): string {
  return selector.length === 0 ? "{}" : selector.map(renderRequirement).join(", ");
}

function renderRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case "In":
      return values.length === 1
        ? labelText(key, values[0] ?? "")
        : `${key} in (${values.join(", ")})`;
    case "NotIn":
      return `${key} notin (${values.join(", ")})`;
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    default:
      return unreachable(operator);
  }
}
