import type { Mode, RuleAction } from "../config/profile.ts";

const STRENGTH: Readonly<Record<RuleAction, number>> = { Audit: 0, Warn: 1, Deny: 2 };

/** Report whether `action` does less than `other` to somebody who breaks the rule. */
export function isWeaker(action: RuleAction, other: RuleAction): boolean {
  return STRENGTH[action] < STRENGTH[other];
}

/** `action`, but nothing stronger than `limit`. */
export function atMost(action: RuleAction, limit: RuleAction): RuleAction {
  return isWeaker(limit, action) ? limit : action;
}

/** What is left of `action` in a namespace of that mode. */
export function soften(action: RuleAction, mode: Mode): RuleAction {
  return atMost(action, STRONGEST[mode]);
}

const STRONGEST: Readonly<Record<Mode, RuleAction>> = {
  enforce: "Deny",
  warn: "Warn",
  audit: "Audit",
};
