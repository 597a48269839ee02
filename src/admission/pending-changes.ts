import { isDeepStrictEqual } from "node:util";
import { type Change, changeKey } from "../engine/model.ts";
import type { EngineView } from "../engine/query.ts";

/** An admitted change is stored within milliseconds, or never: another webhook may have refused it. */
export const POSSIBLE_MS = 10_000;

/** More than can be on their way at once; beyond that, the oldest count as seen. */
const MAX_PENDING = 200;

interface Pending {
  readonly change: Change;
  /** What names the object to the engine. */
  readonly name: string;
  readonly admittedAt: number;
  /** What the engine had when we last compared: as long as it has the same, nothing is new. */
  lookedAt: unknown;
}

const NOT_LOOKED_AT = Symbol("not looked at");

/**
 * Changes that were admitted a moment ago and that the watches have not shown yet. We cannot know whether they
 * will be stored, so they are possible: what must hold has to hold with and without them.
 */
export class PendingChanges {
  readonly #engine: EngineView;
  readonly #clock: () => number;
  /** By what they change, the oldest first. */
  readonly #pending = new Map<string, Pending>();

  /** `clock`: milliseconds, never going back. */
  constructor(engine: EngineView, clock: () => number) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /**
   * Remember what has just been admitted. What is returned takes it back, should it not be admitted after all:
   * what was pending for the same objects before is then pending again. Pods are left out: they are many, and
   * the watch never shows one as it was admitted, since by then it has a node and an address.
   */
  admit(changes: readonly Change[]): () => void {
    const takeBacks: (() => void)[] = [];
    for (const change of changes) {
      if (change.kind === "pod") continue;
      const name = changeKey(change);
      const key = `${change.kind} ${name}`;
      const before = this.#pending.get(key);
      const pending = { change, name, admittedAt: this.#clock(), lookedAt: NOT_LOOKED_AT };
      this.#pending.delete(key);
      this.#pending.set(key, pending);
      takeBacks.push(() => this.#takeBack(key, pending, before));
      const [oldest] = this.#pending.keys();
      if (this.#pending.size > MAX_PENDING && oldest !== undefined) this.#pending.delete(oldest);
    }
    return () => {
      for (const takeBack of takeBacks) takeBack();
    };
  }

  /** Report whether none of `changes`, the very objects that were given to `admit`, is pending any more. */
  areOver(changes: readonly Change[]): boolean {
    this.#sweep();
    return !this.#pending.values().some(({ change }) => changes.includes(change));
  }

  /** What is possible beside `changes`, which are about to be judged. */
  beside(changes: readonly Change[]): readonly Change[] {
    this.#sweep();
    const judged = new Set(changes.map((change) => `${change.kind} ${changeKey(change)}`));
    return Array.from(this.#pending)
      .filter(([key]) => !judged.has(key))
      .map(([, { change }]) => change);
  }

  #takeBack(key: string, pending: Pending, before: Pending | undefined): void {
    // Something newer may be in its place.
    if (this.#pending.get(key) !== pending) return;
    if (before === undefined) this.#pending.delete(key);
    else this.#pending.set(key, before);
  }

  #sweep(): void {
    const since = this.#clock() - POSSIBLE_MS;
    for (const [key, pending] of this.#pending) {
      if (pending.admittedAt <= since || isSeen(pending, this.#engine)) this.#pending.delete(key);
    }
  }
}

/**
 * Report whether the cluster as the watches show it is as the change wants it.
 * PERF: objects are compared only when the watch has brought a new one (`bench -- admission`).
 */
function isSeen(pending: Pending, engine: EngineView): boolean {
  const { change, lookedAt } = pending;
  const stored = storedFor(pending, engine);
  if (stored === lookedAt) return false;
  pending.lookedAt = stored;
  return change.op === "delete" ? stored === undefined : isDeepStrictEqual(stored, change.object);
}

function storedFor({ change, name }: Pending, engine: EngineView): unknown {
  switch (change.kind) {
    case "policy":
      return engine.policy(name);
    case "namespace":
      return engine.namespace(name);
    case "pod":
      return engine.pod(name);
    case "node":
      return engine.node(name);
  }
}
