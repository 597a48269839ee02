import { delimiter } from "node:path";
import { installControlPlane } from "./install-control-plane.ts";

// While the test file is collected, as a build of several minutes exceeds any test's timeout.
export const installed = await installControlPlane();

/** Why there is none; empty where there is one. */
export const missing = installed.kind === "missing" ? installed.reason : "";

// Tests start kubectl as people do, by its name; not every machine has one, or one that is new enough.
if (installed.kind === "found") {
  process.env["PATH"] = [installed.folder, process.env["PATH"] ?? ""].join(delimiter);
}
