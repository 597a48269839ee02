import type { Problem, Result } from "../errors.ts";
import type { Observe } from "./notice.ts";
import type { ReflectorTarget } from "./reflector-target.ts";

/** A stored object that cannot be read, and why. */
export interface Unreadable {
  readonly resource: string;
  /** `namespace/name`, or the name. */
  readonly key: string;
  readonly problems: readonly Problem[];
}

/** Which stored objects cannot be read at the moment; each is told of as it comes. */
export class UnreadableObjects {
  readonly #observe: Observe;
  readonly #byName = new Map<string, Unreadable>();

  constructor(observe: Observe) {
    this.#observe = observe;
  }

  all(): readonly Unreadable[] {
    return [...this.#byName.values()];
  }

  /** Note what reading an object came to. */
  note(resource: string, key: string, read: Result<unknown, readonly Problem[]>): void {
    if (read.ok) {
      this.forget(resource, key);
      return;
    }
    const problems = read.error;
    this.#byName.set(`${resource} ${key}`, { resource, key, problems });
    this.#observe({ kind: "unreadable", resource, key, problems });
  }

  /** Note that an object is gone. */
  forget(resource: string, key: string): void {
    this.#byName.delete(`${resource} ${key}`);
  }

  /** A target that parses, then hands on; what cannot be parsed is noted and counts as not being there. */
  reading<T>(
    resource: string,
    parse: (raw: unknown) => Result<T, readonly Problem[]>,
    target: { upsert(key: string, value: T): void; delete(key: string): void },
  ): ReflectorTarget {
    return {
      upsert: (key, raw) => {
        const read = parse(raw);
        this.note(resource, key, read);
        if (read.ok) target.upsert(key, read.value);
        else target.delete(key);
      },
      delete: (key) => {
        this.forget(resource, key);
        target.delete(key);
      },
    };
  }
}
