import { beginningOfExemption, type Exemption, endOfExemption } from "../resources/exemption.ts";
import { API_VERSION } from "../resources/resource-metadata.ts";
import { renderTime } from "../wire/render-time.ts";
import { exemptionLimit, type LimitSources } from "./exemption-limit.ts";
import type { RuleBook } from "./rule-book.ts";

/** The Event of the Kubernetes API for an Exemption that is about to end, has ended, or lasts too long. */
export interface ExemptionNotice {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: "Exemption";
    readonly name: string;
    readonly namespace: string;
    /** By which `kubectl describe` finds the Event; one from a file has none. */
    readonly uid?: string;
  };
  readonly type: "Warning";
  readonly reason: "ExpiresSoon" | "Expired" | "LastsTooLong";
  readonly message: string;
  /** How many days are left, one Event for each; empty where it lasts too long. */
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
/** As many Events as are written until this is asked again; of more, those beyond a few hundred would be lost. */
const MAX_AT_ONCE = 50;
/** An end longer ago is old news. */
const AFTER_DAYS = 1;

/**
 * Tells of the end of Exemptions: once on each of the last days, and when they have ended. And of those from
 * files that last longer than a profile allows.
 */
export class ExemptionNotices {
  readonly #sources: NoticeSources;
  /** What has been said of each exemption in force. */
  readonly #said = new Map<Exemption, ExemptionNotice["group"]>();

  constructor(sources: NoticeSources) {
    this.#sources = sources;
  }

  /** What is to be said now and has not been said before, some at a time. */
  due(): readonly ExemptionNotice[] {
    const exemptions = new Set(this.#sources.ruleBook.exemptions());
    for (const known of this.#said.keys()) {
      if (!exemptions.has(known)) this.#said.delete(known);
    }
    const notices: ExemptionNotice[] = [];
    for (const exemption of exemptions) {
      const notice = this.#noticeOf(exemption);
      if (notice === null || this.#said.get(exemption) === notice.group) continue;
      this.#said.set(exemption, notice.group);
      notices.push(notice);
      if (notices.length === MAX_AT_ONCE) break;
    }
    return notices;
  }

  #noticeOf(exemption: Exemption): ExemptionNotice | null {
    const { ruleBook, now } = this.#sources;
    const limit = exemptionLimit(exemption, { ...this.#sources, profiles: ruleBook.profiles });
    const maxDays = limit?.maxDays ?? null;
    if (limit !== null && beginningOfExemption(exemption, maxDays) > now()) {
      return lastsTooLong(exemption, limit);
    }
    const endMs = endOfExemption(exemption, maxDays);
    const days = Math.ceil((endMs - now()) / DAY_MS);
    return days > AHEAD_DAYS || days <= -AFTER_DAYS ? null : endsSoon(exemption, days, endMs);
  }
}

type Told = Omit<ExemptionNotice, "reason" | "message" | "group">;

function about({ name, namespace, uid }: Exemption): Told {
  const known = uid === null ? {} : { uid };
  return {
    regarding: { apiVersion: API_VERSION, kind: "Exemption", name, namespace, ...known },
    type: "Warning",
  };
}

function whatOf({ rules, invariants }: Exemption): string {
  return [...rules, ...invariants].join(", ");
}

function endsSoon(exemption: Exemption, days: number, endMs: number): ExemptionNotice {
  const { owner } = exemption;
  const what = whatOf(exemption);
  const told = { ...about(exemption), group: String(Math.max(days, 0)) };
  if (days <= 0) {
    const message = `excuses ${what} no longer: expired on ${renderTime(endMs)}; ${owner} answers for it`;
    return { ...told, reason: "Expired", message };
  }
  const left = days === 1 ? "within a day" : `in ${days} days`;
  const message = `excuses ${what} until ${renderTime(endMs)}, ${left}; ${owner} answers for it`;
  return { ...told, reason: "ExpiresSoon", message };
}

function lastsTooLong(
  exemption: Exemption,
  { profile, maxDays }: { readonly profile: string; readonly maxDays: number },
): ExemptionNotice {
  const { owner, expiresMs } = exemption;
  const message = `excuses ${whatOf(exemption)} only in the last ${maxDays} days before ${renderTime(expiresMs)}, which is all that profile ${profile} allows one of a file; ${owner} answers for it`;
  return { ...about(exemption), reason: "LastsTooLong", group: "", message };
}
