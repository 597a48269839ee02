/** How many items of a list a message names before it counts the rest. */
const MAX_NAMED = 3;

/** `1 pod`, `41 pods`. */
export function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : `${noun}s`}`;
}

/** `` `a`, `b`, `c` and 4 more``. */
export function listed(items: readonly string[]): string {
  const named = items.slice(0, MAX_NAMED).map((item) => `\`${item}\``);
  const rest = items.length - named.length;
  if (rest > 0) return `${named.join(", ")} and ${rest} more`;
  return named.length < 2 ? named.join("") : `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
}

/** What is wrong, and what may have been meant: in the message, because a help is cut first. */
export function withHint(message: string, hint: string | null): string {
  return hint === null ? message : `${message}; ${hint}`;
}

/** A label as it stands in a manifest: `app: mysql`. */
export function labelText(key: string, value: string): string {
  return value === "" ? `${key}: ""` : `${key}: ${value}`;
}
