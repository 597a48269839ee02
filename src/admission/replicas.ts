import { type Problem, type Result, success } from "../errors.ts";

/**
 * How the replicas of Ringfence tell each other what they are about to admit, so that if two changes break an
 * invariant together, one replica knows of both (ADR 0017).
 */
export interface Replicas {
  /** Grows whenever others have told something that judgements before did not know of. */
  readonly heard: number;
  /**
   * Tell the others of `change`, which is JSON, before it is admitted. `"news"`: they have told something since
   * `heard`, which is now among the pending changes, so judge again; they were not told of the change. A
   * problem if they could not be told within `timeoutMs`.
   */
  tell(change: unknown, telling: Telling): Promise<Result<"told" | "news", Problem>>;
}

export interface Telling {
  /** As it was when the change was judged. */
  readonly heard: number;
  readonly timeoutMs: number;
  /** Report whether the watches of this replica have shown the change: soon those of the others will. */
  readonly isSeen: () => boolean;
}

/** Where nobody else answers the API server. */
export const NO_REPLICAS: Replicas = { heard: 0, tell: async () => success("told") };
