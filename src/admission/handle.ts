import { type Mutator, renderPatch } from "../rules/mutator.ts";
import { answer } from "./answer.ts";
import { assumedMode, decide, passageOf } from "./decide.ts";
import {
  type AdmissionObserver,
  type DecisionRecord,
  type Endpoint,
  faultsOf,
  outcomeOf,
} from "./record.ts";
import { type AdmissionReply, allowed, fault, invalid, patched } from "./respond.ts";
import { type AdmissionRequest, readReview, uidOf } from "./review.ts";
import type { Surroundings } from "./surroundings.ts";

/** AdmissionReview semantics, without HTTP. */
export interface Admission {
  /**
   * The reply to a parsed body, always with its uid; null where it has none. Rejects only on a
   * defect: `fail` then has the reply. `deadline` is on the clock of the surroundings.
   */
  handle(endpoint: Endpoint, body: unknown, deadline: number): Promise<AdmissionReply | null>;
  /** The reply to a body that `handle` failed on; null where it has no uid. */
  fail(endpoint: Endpoint, body: unknown, error: unknown): AdmissionReply | null;
}

/** Build the admission: judge by `around`, patch by `mutators`, tell `observer` of every reply. */
export function createAdmission(
  around: Surroundings,
  mutators: readonly Mutator[],
  observer: AdmissionObserver,
): Admission {
  return {
    async handle(endpoint, body, deadline) {
      const started = around.clock();
      const reading = readReview(body);
      if (reading.kind === "no-uid") return null;
      const { reply, ...record } =
        reading.kind === "unusable"
          ? unusable(endpoint, reading.uid, reading.problem)
          : endpoint === "mutate"
            ? mutated(reading.request)
            : await validated(reading.request, deadline);
      const durationMs = around.clock() - started;
      const { uid, allowed: isAllowed } = reply.response;
      observer.answered({ ...record, endpoint, uid, isAllowed, durationMs, error: null });
      return reply;
    },

    fail(endpoint, body, error) {
      const uid = uidOf(body);
      if (uid === null) return null;
      const reading = readReview(body);
      const request = reading.kind === "request" ? reading.request : null;
      const softened = request !== null && assumedMode(request, around) !== "enforce";
      const text = "Ringfence failed; its log says more";
      const reply = endpoint === "mutate" || softened ? passed(uid, text) : fault(uid, text);
      const isAllowed = reply.response.allowed;
      const record = { endpoint, uid, outcome: "fault", isAllowed, request, error } as const;
      observer.answered({ ...record, decision: null, durationMs: 0 });
      return reply;
    },
  };

  function mutated(request: AdmissionRequest): Answered {
    const isLeftAlone = request.operation === "DELETE" || passageOf(request, around) !== null;
    const patch = isLeftAlone ? [] : renderPatch(mutators, request.kind, request.object);
    const reply = patched(request.uid, patch);
    return { reply, request, decision: null, outcome: "allowed" };
  }

  async function validated(request: AdmissionRequest, deadline: number): Promise<Answered> {
    const decision = await decide(request, deadline, around);
    for (const { ruleId, error } of faultsOf(decision)) observer.ruleFailed(ruleId, error);
    return { reply: answer(request, decision), request, decision, outcome: outcomeOf(decision) };
  }
}

interface Answered extends Pick<DecisionRecord, "request" | "decision" | "outcome"> {
  readonly reply: AdmissionReply;
}

/** Mutation never blocks anybody: what cannot be read passes as it is, and validation decides. */
function unusable(endpoint: Endpoint, uid: string, problem: string): Answered {
  const reply = endpoint === "mutate" ? passed(uid, problem) : invalid(uid, problem);
  return { reply, request: null, decision: null, outcome: "unusable" };
}

function passed(uid: string, problem: string): AdmissionReply {
  return allowed(uid, { warnings: [`passed unchecked: ${problem}`], audit: {} });
}
