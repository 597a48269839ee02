/** Where changes go. Objects are raw JSON; neither method may throw, whatever the object. */
export interface ReflectorTarget {
  upsert(key: string, object: unknown): void;
  delete(key: string): void;
}

/** Tell two targets, the second of which need not exist. */
export function both(first: ReflectorTarget, second: ReflectorTarget | undefined): ReflectorTarget {
  if (second === undefined) return first;
  return {
    upsert: (key, raw) => {
      first.upsert(key, raw);
      second.upsert(key, raw);
    },
    delete: (key) => {
      first.delete(key);
      second.delete(key);
    },
  };
}

/** A target that only wants to know that there is news. */
export function asking(ask: () => void): ReflectorTarget {
  return { upsert: ask, delete: ask };
}
