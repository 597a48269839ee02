import { unreachable } from "../../src/errors.ts";
import type { ReviewResponse, Situation } from "./review-client.ts";

/** What kubectl would print: warnings first, then the error, or one line for what was done. */
export function renderKubectl(
  situation: Situation,
  webhook: string,
  { allowed, status, warnings }: ReviewResponse,
): readonly string[] {
  const lines = warnings.map((warning) => `Warning: ${warning}`);
  if (allowed) return [...lines, renderDone(situation)];
  const { run } = situation.change;
  const what = run.startsWith("kubectl apply")
    ? `error when creating "${run.split(" ").at(-1) ?? ""}": `
    : "";
  const [reason, message] = [status?.reason ?? "", status?.message ?? ""];
  const denial = `admission webhook "${webhook}" denied the request: ${message}`;
  return [...lines, ...`Error from server (${reason}): ${what}${denial}`.split("\n")];
}

function renderDone({ change, operation }: Situation): string {
  const { kind, metadata } = change.object;
  const resource = kind === "Namespace" ? "namespace" : "networkpolicy.networking.k8s.io";
  switch (operation) {
    case "DELETE":
      return `${resource} "${metadata.name}" deleted`;
    case "UPDATE":
      return change.run.startsWith("kubectl label")
        ? `${resource}/${metadata.name} labeled`
        : `${resource}/${metadata.name} configured`;
    case "CREATE":
      return `${resource}/${metadata.name} created`;
    default:
      return unreachable(operation);
  }
}
