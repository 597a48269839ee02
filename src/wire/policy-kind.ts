import leven from "leven";
import { failure, type Problem, type Result, success } from "../errors.ts";
import { POLICY_READERS, type PolicyReader } from "./policy-readers.ts";
import { textAt } from "./shape.ts";

/** A slip in a kind: a letter or two, or the plural. */
const MAX_DISTANCE = 3;

/** Until Kubernetes 1.16 a NetworkPolicy could be written in the first group. */
const MOVED: ReadonlyMap<string, string> = new Map([["extensions", "networking.k8s.io"]]);

/**
 * How a policy of that `apiVersion` and `kind` is read, null where it is no policy of ours. A slip in the kind
 * and a version that we do not read are problems, because silently passed over they would be missed.
 */
export function policyReader(
  apiVersion: string,
  kind: string,
): Result<PolicyReader | null, readonly Problem[]> {
  const [group = "", version = ""] = apiVersion.split("/");
  const home = MOVED.get(group) ?? group;
  const own = Object.entries(POLICY_READERS).filter(([, reader]) => groupOf(reader) === home);
  const reader = own.find(([name]) => name === kind)?.[1];
  if (reader === undefined) {
    const near = own.find(([name]) => isSlip(kind, name))?.[0];
    return near === undefined
      ? success(null)
      : problem("kind", `\`${kind}\` is no kind of ${apiVersion}; did you mean \`${near}\`?`);
  }
  return apiVersion === reader.apiVersion || reader.otherVersions.includes(version)
    ? success(reader)
    : problem(
        "apiVersion",
        `\`${apiVersion}\` is not read for this kind; write \`${reader.apiVersion}\``,
      );
}

/** `CiliumNetworkPolicy of cilium.io/v2`: a policy of another project, which we cannot read. */
export function foreignPolicy(raw: unknown): string | null {
  const kind = textAt(raw, "kind");
  const group = groupOf({ apiVersion: textAt(raw, "apiVersion") });
  const isOurs = MOVED.has(group) || Object.values(POLICY_READERS).map(groupOf).includes(group);
  return kind.endsWith("NetworkPolicy") && !isOurs
    ? `${kind} of ${textAt(raw, "apiVersion")}`
    : null;
}

function isSlip(kind: string, name: string): boolean {
  return leven(name.toLowerCase(), kind.toLowerCase()) <= MAX_DISTANCE;
}

function groupOf({ apiVersion }: Pick<PolicyReader, "apiVersion">): string {
  return apiVersion.split("/")[0] ?? "";
}

function problem(path: string, message: string): Result<never, readonly Problem[]> {
  return failure([{ code: "NP_E_SCHEMA", path, message }]);
}
