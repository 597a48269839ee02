import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane, type PlaneOptions } from "./control-plane.ts";
import { installed, missing } from "./installed-control-plane.ts";

const startTimeoutMs = 90_000;

/**
 * `describe` with a control plane of its own, started before its tests and stopped after them.
 *
 * Where there is no control plane the tests are skipped, the first one with the reason; with `CI=true` that one
 * fails.
 */
export function describeWithControlPlane(
  name: string,
  define: (plane: () => ControlPlane) => void,
  options: PlaneOptions = {},
): void {
  it(`${name}: finds a control plane`, (context) => {
    context.skip(missing !== "" && process.env["CI"] !== "true", missing);
    expect(missing).toBe("");
  });
  describe.skipIf(installed.kind === "missing")(name, () => {
    let running: ControlPlane | undefined;
    if (installed.kind === "found") {
      const { folder } = installed;
      beforeAll(async () => {
        running = await ControlPlane.start(folder, options);
      }, startTimeoutMs);
      afterAll(async () => running?.stop());
    }
    define(() => {
      if (running === undefined) throw new Error("the control plane runs only inside tests");
      return running;
    });
  });
}
