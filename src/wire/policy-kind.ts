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
  const own = Object.entries(POLICY_READERS).filter(([, reader]) => reader.group === home);
  const reader = own.find(([name]) => name === kind)?.[1];
  if (reader === undefined) {
    const near = own.find(([name]) => isSlip(kind, name))?.[0];
    return near === undefined
      ? success(null)
      : problem("kind", `\`${kind}\` is no kind of ${apiVersion}; did you mean \`${near}\`?`);
  }
  const read = [reader.version, ...reader.otherVersions];
  return group === home && read.includes(version)
    ? success(reader)
    : problem(
        "apiVersion",
        `\`${apiVersion}\` is not read for this kind; write \`${home}/${reader.version}\``,
      );
}

/** `CiliumNetworkPolicy of cilium.io/v2`: a policy of another project, which we cannot read. */
export function foreignPolicy(raw: unknown): string | null {
  const kind = textAt(raw, "kind");
  const [home = ""] = textAt(raw, "apiVersion").split("/");
  const isOurs =
    MOVED.has(home) || Object.values(POLICY_READERS).some(({ group }) => group === home);
  return kind.endsWith("NetworkPolicy") && !isOurs
    ? `${kind} of ${textAt(raw, "apiVersion")}`
    : null;
}

function isSlip(kind: string, name: string): boolean {
  return leven(name.toLowerCase(), kind.toLowerCase()) <= MAX_DISTANCE;
}

function problem(path: string, message: string): Result<never, readonly Problem[]> {
  return failure([{ code: "NP_E_SCHEMA", path, message }]);
}
