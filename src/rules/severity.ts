import type { Mode, ProfileRule, RuleAction } from "../resources/profile.ts";

const STRENGTH: Readonly<Record<ProfileRule["action"], number>> = {
  Disabled: 0,
  Audit: 1,
  Warn: 2,
  Deny: 3,
};

/** Report whether `action` does less than `other` to somebody who breaks the rule. */
export function isWeaker(action: ProfileRule["action"], other: ProfileRule["action"]): boolean {
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
