import { expect, it } from "vitest";
import { isBefore } from "../../src/cluster/watch-event.ts";

it.each([
  { version: "99", other: "100", before: true },
  { version: "100", other: "100", before: false },
  { version: "101", other: "100", before: false },
  { version: "18446744073709551614", other: "18446744073709551615", before: true },
  { version: "a", other: "100", before: true },
])("takes version $version for older than $other: $before", ({ version, other, before }) => {
  expect(isBefore(version, other)).toBe(before);
});
