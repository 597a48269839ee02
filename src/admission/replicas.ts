import { type Problem, type Result, success } from "../errors.ts";

/**
 * The replicas of Ringfence among themselves: what one is about to admit, the others are told of first,
 * so that of two changes that break an invariant together one replica knows of both (ADR 0017).
 */
export interface Replicas {
  /** Grows whenever others have told something: what was judged before was judged without. */
  readonly heard: number;
  /**
   * Have the others know of `change`, which is JSON, before it is admitted. `"news"`: they have told something
   * since `heard`, and were told nothing; it is among the pending changes, so judge again. A problem
   * where they could not be told in `timeoutMs`.
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
