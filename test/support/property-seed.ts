import { configureGlobal } from "fast-check";

const SEED = 20_261_123;

/**
 * In CI the seed is fixed, so that a result depends on the change alone, and runs are thousands;
 * `PROPERTY_SEED` sets another seed. A developer's run has a new seed each time, and prints it where a test
 * fails.
 */
if (process.env["CI"] === "true") {
  configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? SEED) });
}
