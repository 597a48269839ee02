import { configureGlobal } from "fast-check";

/**
 * CI judges the change and not its luck: the same clusters every time, thousands of them. A developer's
 * run looks at others each time, and prints the seed of what it finds.
 */
if (process.env["CI"] === "true") configureGlobal({ seed: 20_261_123 });
