import { z } from "zod";
import type { FlowGroup } from "../engine/query.ts";
import { listed } from "../rules/phrases.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";

/** Report changes of a namespace's labels that open flows. */
export const labelOpens = defineValidator({
  id: "label-opens",
  title: "New labels of a namespace open connections for its pods",
  why: "Rules of other namespaces let in whoever carries a label. So a label on a namespace is a key, and giving it one can open a database without any policy being touched.",
  fix: "Take the label off again, or have those agree whose policies it opens.",
  kinds: ["Namespace"],
  operations: ["UPDATE"],
  shipped: { baseline: null, restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, ownDelta: { opened } }): readonly Finding[] {
    if (object?.kind !== "namespace" || opened.length === 0) return [];
    const own = String(field(object.manifest, "metadata", "name"));
    const out = others(opened, own, "to");
    const back = others(opened, own, "from");
    const ways = [
      ...(out.length === 0 ? [] : [`to ${listed(out)}`]),
      ...(back.length === 0 ? [] : [`from ${listed(back)}`]),
    ];
    const where =
      ways.length === 0 ? "with addresses outside, or among themselves" : ways.join(" and ");
    return [
      {
        path: "metadata.labels",
        message: `the labels open ways for pods of \`${own}\` ${where}`,
        help: "take the label off again, or ask those whose policies it opens",
      },
    ];
  },
});

/** The other namespaces at that end of the flows. */
function others(flows: readonly FlowGroup[], own: string, end: "from" | "to"): readonly string[] {
  const names = flows.flatMap((flow) => flow[end].namespaces);
  return [...new Set(names)].filter((name) => name !== own).toSorted();
}
