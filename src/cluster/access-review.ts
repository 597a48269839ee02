import { createHash } from "node:crypto";
import type { RequestUser } from "../admission/review.ts";
import type { Authorizer } from "../admission/surroundings.ts";
import { AppError, failure, type Problem, type Result, success } from "../errors.ts";
import { field } from "../wire/shape.ts";
import type { ApiClient } from "./api-client.ts";
import type { Observe } from "./notice.ts";
import { SUBJECT_ACCESS_REVIEWS } from "./resource-type.ts";

export interface AccessReviewOptions {
  readonly client: ApiClient;
  readonly observe: Observe;
  readonly timeoutMs?: number;
  readonly cacheMs?: number;
}

/** Answers that are remembered. */
const MAX_CACHED = 1000;
/** Long enough for the handful of requests of one `kubectl apply`, short enough for a right taken away. */
const STANDARD_CACHE_MS = 5_000;
const STANDARD_TIMEOUT_MS = 1_000;

/** Asks the API server what a subject may do, and remembers the answer for a moment. */
export class AccessReview implements Authorizer {
  readonly #options: AccessReviewOptions;
  /** In order of age: a Map keeps it. */
  readonly #answers = new Map<string, { readonly allowed: boolean; readonly until: number }>();

  constructor(options: AccessReviewOptions) {
    this.#options = options;
  }

  /** If there is no answer, for whatever reason, that is a problem and not a yes; it is not remembered. */
  async mayOptOut(
    subject: RequestUser,
    profile: string,
    signal: AbortSignal,
  ): Promise<Result<boolean, Problem>> {
    const { cacheMs = STANDARD_CACHE_MS } = this.#options;
    const { username, uid, groups, extra } = subject;
    // SECURITY: whoever makes up a user could make one of megabytes, a thousand of which would be remembered.
    const asked = JSON.stringify([username, uid, groups, extra, profile]);
    const key = createHash("sha256").update(asked).digest("base64");
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > performance.now()) return success(known.allowed);
    this.#answers.delete(key);
    const answer = await this.#ask(subject, profile, signal);
    if (answer.ok) this.#remember(key, answer.value, performance.now() + cacheMs);
    else this.#options.observe({ kind: "access-review-failed", ...answer.error });
    return answer;
  }

  async #ask(
    { username, uid, groups, extra }: RequestUser,
    profile: string,
    signal: AbortSignal,
  ): Promise<Result<boolean, Problem>> {
    const resourceAttributes = {
      group: "ringfence.dev",
      version: "v1alpha1",
      resource: "profiles",
      verb: "optout",
      name: profile,
    };
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: username, uid, groups, extra: extra ?? undefined, resourceAttributes },
    };
    const { client, timeoutMs = STANDARD_TIMEOUT_MS } = this.#options;
    const request = { verb: "create", type: SUBJECT_ACCESS_REVIEWS, body: review } as const;
    return client.send({ ...request, timeoutMs, signal }).then(readAnswer, (error: unknown) => {
      if (!(error instanceof AppError)) throw error;
      return failure({ code: error.code, path: "", message: error.message });
    });
  }

  #remember(key: string, allowed: boolean, until: number): void {
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= MAX_CACHED && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(key, { allowed, until });
  }
}

function readAnswer(review: unknown): Result<boolean, Problem> {
  const allowed = field(review, "status", "allowed");
  if (typeof allowed === "boolean") return success(allowed);
  const message = "the API server's SubjectAccessReview carries no answer";
  return failure({ code: "NP_E_API_SERVER", path: "", message });
}
