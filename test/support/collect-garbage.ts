import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc: unknown = runInNewContext("gc");

/** Collect garbage now, so that a test that measures does not pay for what others have left behind. */
export function collectGarbage(): void {
  if (typeof gc === "function") gc();
}
