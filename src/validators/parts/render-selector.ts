import type { Requirement, Selector } from "../../engine/model.ts";
import { labelText } from "./phrases.ts";

/** A selector in the words of a manifest or of kubectl: `{}`, `app: web, tier in (a, b), !legacy`. */
export function renderSelector(selector: Selector): string {
  return selector.length === 0
    ? "{}"
    : selector.map((requirement) => RENDERERS[requirement.operator](requirement)).join(", ");
}

const RENDERERS: Readonly<Record<Requirement["operator"], (requirement: Requirement) => string>> = {
  In: ({ key, values }) =>
    values.length === 1
      ? values.map((value) => labelText(key, value)).join("")
      : `${key} in (${values.join(", ")})`,
  NotIn: ({ key, values }) => `${key} notin (${values.join(", ")})`,
  Exists: ({ key }) => key,
  DoesNotExist: ({ key }) => `!${key}`,
};
