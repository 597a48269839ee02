import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type OptIn, optInOfObject } from "../rules/opt-in.ts";
import { listed } from "../rules/phrases.ts";
import {
  type CompiledProfile,
  type CompiledProfiles,
  type CompiledRule,
  defineValidator,
  type Finding,
} from "../rules/rule.ts";
import { isWeaker, soften } from "../rules/severity.ts";
import { BASELINE_LABEL, MODE_LABEL, PROFILE_LABEL } from "../wire/ringfence-labels.ts";

/** Report changes of a namespace's labels that loosen the profile it has opted in to. */
export const optOut = defineValidator({
  id: "opt-out",
  title: "A namespace loosens its profile",
  why: "The label that opts a namespace in also is the way out: whoever may label a namespace could take it off, soften the mode, name a weaker profile or pick another baseline, and then do as they like.",
  fix: "Leave the labels as they are, or have somebody do it who holds the verb `optout` on `profiles.ringfence.dev`.",
  kinds: ["Namespace"],
  operations: ["UPDATE"],
  shipped: { baseline: "Deny", restricted: "Deny" },
  onFault: "deny",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, oldObject, profiles }): readonly Finding[] {
    const before = optInOfObject(oldObject?.manifest);
    const after = optInOfObject(object?.manifest);
    if (before === null) return [];
    if (after === null)
      return [finding(PROFILE_LABEL, `takes the namespace out of profile \`${before.profile}\``)];
    return [
      ...(before.profile === after.profile ? [] : switched(before, after, profiles)),
      ...(before.picked === after.picked ? [] : otherBaseline(before, after, profiles)),
      ...(isWeaker(soften("Deny", after.mode), soften("Deny", before.mode))
        ? [finding(MODE_LABEL, `softens the mode from \`${before.mode}\` to \`${after.mode}\``)]
        : []),
    ];
  },
});

/**
 * A profile may be swapped for one that does at least as much: the same baseline, the same rules, with the same
 * parameters in the same namespaces and no weaker action. Anything else is a way out, an unknown profile
 * included, since only the rule could tell which of two parameters is stricter.
 */
function switched(before: OptIn, after: OptIn, profiles: CompiledProfiles): readonly Finding[] {
  const [from, to] = [before.profile, after.profile];
  const next = profiles.get(to);
  if (next === undefined)
    return [finding(PROFILE_LABEL, `names the profile \`${to}\`, which does not exist`)];
  // If the label that picks a baseline changes as well, that is a finding of its own.
  const loses = before.picked === after.picked && swapsBaseline(before, after, profiles) !== null;
  const lost = [...(loses ? ["baseline"] : []), ...lostRules(profiles.get(from), next)];
  if (lost.length === 0) return [];
  return [
    finding(
      PROFILE_LABEL,
      `swaps profile \`${from}\` for \`${to}\`, which is weaker in ${listed(lost)}`,
    ),
  ];
}

/** Another baseline is a way out as well, since nobody can tell which one is stricter. */
function otherBaseline(
  before: OptIn,
  after: OptIn,
  profiles: CompiledProfiles,
): readonly Finding[] {
  const swap = swapsBaseline(before, after, profiles);
  return swap === null ? [] : [finding(BASELINE_LABEL, `swaps the baseline ${swap}`)];
}

/** The old baseline and the new one; null if it stays, or if the old one is not known. */
function swapsBaseline(before: OptIn, after: OptIn, profiles: CompiledProfiles): string | null {
  const [from, to] = [before, after].map(
    ({ picked, profile }) => picked ?? profiles.get(profile)?.baseline,
  );
  return from === undefined || from === to ? null : `\`${from}\` for \`${to ?? ""}\``;
}

function lostRules(current: CompiledProfile | undefined, next: CompiledProfile): readonly string[] {
  if (current === undefined) return [];
  return current.rules
    .filter((rule) => !next.rules.some((other) => doesAsMuch(other, rule)))
    .map(({ validator }) => validator.id);
}

function doesAsMuch(next: CompiledRule, current: CompiledRule): boolean {
  return (
    next.validator === current.validator &&
    next.entries.length === current.entries.length &&
    current.entries.every(({ action, parameters, match }, index) => {
      const other = next.entries[index];
      return (
        other !== undefined &&
        !isWeaker(other.action, action) &&
        isDeepStrictEqual(other.parameters, parameters) &&
        isDeepStrictEqual(other.match, match)
      );
    })
  );
}

function finding(label: string, message: string): Finding {
  return {
    path: `metadata.labels["${label}"]`,
    message,
    help: "leave the label as it is, or ask for the right to `optout`",
    waivedBy: "optout",
  };
}
