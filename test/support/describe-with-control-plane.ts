import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import { ControlPlane } from "./control-plane.ts";
import { installControlPlane } from "./install-control-plane.ts";

const startTimeoutMs = 90_000;

// While the test file is being collected, because no test timeout covers a build of several minutes.
const installed = await installControlPlane();

/**
 * `describe` with a control plane of its own, started before its tests and stopped after them.
 *
 * Where there is none its tests are skipped, each with the reason; with `CI=true` each fails with it.
 */
export function describeWithControlPlane(
  name: string,
  define: (plane: () => ControlPlane) => void,
): void {
  describe(name, () => {
    let running: ControlPlane | undefined;
    if (installed.kind === "found") {
      beforeAll(async () => {
        running = await ControlPlane.start(installed.folder);
      }, startTimeoutMs);
      afterAll(async () => running?.stop());
    } else {
      beforeEach((context) => {
        if (process.env["CI"] === "true") throw new Error(installed.reason);
        context.skip(installed.reason);
      });
    }
    define(() => {
      if (running === undefined) throw new Error("the control plane runs only inside tests");
      return running;
    });
  });
}
