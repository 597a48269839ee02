import { type Exemption, endOfExemption } from "../resources/exemption.ts";
import { API_VERSION } from "../resources/resource-metadata.ts";
import { renderTime } from "../wire/render-time.ts";
import { exemptionLimit, type LimitSources } from "./exemption-limit.ts";
import type { RuleBook } from "./rule-book.ts";

/** What is to be said of an Exemption that is about to end, or has ended, as an Event of the Kubernetes API says it. */
export interface ExemptionNotice {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: "Exemption";
    readonly name: string;
    readonly namespace: string;
  };
  readonly type: "Warning";
  readonly reason: "ExpiresSoon" | "Expired";
  readonly message: string;
  /** How many days are left: one Event for each. */
  readonly group: string;
}

export interface NoticeSources extends Omit<LimitSources, "profiles"> {
  readonly ruleBook: RuleBook;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
/** Told once a day from then on. */
const AHEAD_DAYS = 7;
/** What ended longer ago is old news. */
const AFTER_DAYS = 1;

/** Tells of Exemptions ahead of their end, once on each of the last days, and when they have ended. */
export class ExemptionNotices {
  readonly #sources: NoticeSources;
  /** What has been said of each exemption in force. */
  readonly #said = new Map<Exemption, number>();

  constructor(sources: NoticeSources) {
    this.#sources = sources;
  }

  /** What is to be said now and has not been said before. */
  due(): readonly ExemptionNotice[] {
    const { ruleBook, now } = this.#sources;
    const exemptions = ruleBook.exemptions();
    for (const known of this.#said.keys()) {
      if (!exemptions.includes(known)) this.#said.delete(known);
    }
    return exemptions.flatMap((exemption) => {
      const endMs = this.#endOf(exemption);
      const days = Math.ceil((endMs - now()) / DAY_MS);
      if (days > AHEAD_DAYS || days <= -AFTER_DAYS || this.#said.get(exemption) === days) return [];
      if (days <= 0 && (this.#said.get(exemption) ?? 1) <= 0) return [];
      this.#said.set(exemption, days);
      return [noticeOf(exemption, days, endMs)];
    });
  }

  #endOf(exemption: Exemption): number {
    const { ruleBook } = this.#sources;
    const limit = exemptionLimit(exemption, { ...this.#sources, profiles: ruleBook.profiles });
    return endOfExemption(exemption, limit?.maxDays ?? null);
  }
}

function noticeOf(exemption: Exemption, days: number, endMs: number): ExemptionNotice {
  const { rules, invariants, owner, name, namespace } = exemption;
  const about = {
    regarding: { apiVersion: API_VERSION, kind: "Exemption", name, namespace },
    type: "Warning",
    group: String(Math.max(days, 0)),
  } as const;
  const what = [...rules, ...invariants].join(", ");
  if (days <= 0) {
    const message = `excuses ${what} no longer: expired on ${renderTime(endMs)}; ${owner} answers for it`;
    return { ...about, reason: "Expired", message };
  }
  const left = days === 1 ? "within a day" : `in ${days} days`;
  const message = `excuses ${what} until ${renderTime(endMs)}, ${left}; ${owner} answers for it`;
  return { ...about, reason: "ExpiresSoon", message };
}
