import { configureGlobal } from "fast-check";

const SEED = 20_261_123;

/**
 * CI judges the change and not its luck: the same clusters every time, thousands of them; others with
 * `PROPERTY_SEED`. A developer's run looks at others each time, and prints the seed of what it finds.
 */
if (process.env["CI"] === "true") {
  configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? SEED) });
}
