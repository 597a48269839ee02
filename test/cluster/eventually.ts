import { vi } from "vitest";

/** Repeat an assertion until it holds; fail with its last error after 15 seconds. */
export async function eventually(assertion: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(assertion, { timeout: 15_000, interval: 20 });
}
