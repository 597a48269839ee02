/** How many items of a list a message names before it counts the rest. */
const MAX_NAMED = 3;

/** `1 pod`, `41 pods`, `2 policies`. */
export function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}

/** The first `most` of a list, and how many more there are: `a, b and 4 more`. */
export function capped(items: readonly string[], most: number, separator = ", "): string {
  return someOf(items.slice(0, most), items.length, separator);
}

/** Some names, of `total` in all: `a, b and 4 more`. */
export function someOf(names: readonly string[], total: number, separator = ", "): string {
  const named = names.join(separator);
  return total > names.length ? `${named} and ${total - names.length} more` : named;
}

/** `` `a`, `b`, `c` and 4 more``. */
export function listed(items: readonly string[]): string {
  const named = items.map((item) => `\`${item}\``);
  return items.length < 2 || items.length > MAX_NAMED
    ? capped(named, MAX_NAMED)
    : `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
}

/** What is wrong, and what may have been meant: in the message, because a help is cut first. */
export function withHint(message: string, hint: string | null): string {
  return hint === null ? message : `${message}; ${hint}`;
}

/** A label as it stands in a manifest: `app: mysql`. */
export function labelText(key: string, value: string): string {
  return value === "" ? `${key}: ""` : `${key}: ${value}`;
}

/** A policy by its `policyKey`: `NetworkPolicy shop/web`, `ClusterNetworkPolicy gate`. */
export function keyName(key: string): string {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  return objectName({ kind, namespace, name });
}

/** `NetworkPolicy shop/web`; the namespace is empty for an object of the cluster. */
export function objectName({
  kind,
  namespace,
  name,
}: Readonly<Record<"kind" | "namespace" | "name", string>>): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}
