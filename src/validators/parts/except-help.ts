import type { Policy } from "../../engine/model.ts";

/** What to do about a block that takes in too much. Those of other kinds than NetworkPolicy have no `except`. */
export function exceptHelp({ tier }: Policy, what: string): string {
  return tier === "NetworkPolicy" ? `except ${what}` : "list only the networks that are meant";
}
