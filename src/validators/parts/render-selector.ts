import type { Requirement, Selector } from "../../engine/model.ts";
import { capped, labelText } from "../../rules/phrases.ts";

/** How many requirements, and values of one, are named before the rest is counted. */
const MAX_NAMED = 4;

/** A selector in the words of a manifest or of kubectl: `{}`, `app: web, tier in (a, b), !legacy`. */
export function renderSelector(selector: Selector): string {
  return selector.length === 0
    ? "{}"
    : capped(
        selector.map((requirement) => RENDERERS[requirement.operator](requirement)),
        MAX_NAMED,
      );
}

const RENDERERS: Readonly<Record<Requirement["operator"], (requirement: Requirement) => string>> = {
  In: ({ key, values }) => {
    const [value, ...others] = values;
    return value !== undefined && others.length === 0
      ? labelText(key, value)
      : `${key} in (${capped(values, MAX_NAMED)})`;
  },
  NotIn: ({ key, values }) => `${key} notin (${capped(values, MAX_NAMED)})`,
  Exists: ({ key }) => key,
  DoesNotExist: ({ key }) => `!${key}`,
};
