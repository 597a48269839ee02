import leven from "leven";
import { POLICY_READERS } from "../../wire/policy.ts";
import { textAt } from "../../wire/shape.ts";

/** A slip in a kind: a letter or two, or the plural. */
const MAX_DISTANCE = 3;

/** The kind of policy that is meant by one which there is not: `NetworkPolicy` by `networkpolicies`. */
export function misspeltKind(raw: unknown): string | null {
  const kind = textAt(raw, "kind");
  const group = groupOf(raw);
  const own = Object.entries(POLICY_READERS).filter(([, reader]) =>
    reader.apiVersion.startsWith(`${group}/`),
  );
  if (own.some(([name]) => name === kind)) return null;
  const near = own.find(([name]) => leven(name.toLowerCase(), kind.toLowerCase()) <= MAX_DISTANCE);
  return near?.[0] ?? null;
}

/** `CiliumNetworkPolicy of cilium.io/v2`: policies that other projects enforce, and that nobody here can read. */
export function foreignPolicy(raw: unknown): string | null {
  const kind = textAt(raw, "kind");
  const group = groupOf(raw);
  const groups = Object.values(POLICY_READERS).map(({ apiVersion }) => apiVersion.split("/")[0]);
  const isOurs = group === "extensions" || groups.includes(group);
  return kind.endsWith("NetworkPolicy") && !isOurs
    ? `${kind} of ${textAt(raw, "apiVersion")}`
    : null;
}

function groupOf(raw: unknown): string {
  return textAt(raw, "apiVersion").split("/")[0] ?? "";
}
