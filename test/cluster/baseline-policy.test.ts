import { expect, it } from "vitest";
import { isRollOut } from "../../src/cluster/baseline-policy.ts";

const deny = policy("default-deny", {});
const dns = policy("allow-dns", {});
const newDns = policy("allow-dns", { app: "web" });

it.each([
  {
    name: "another version of what it has is a roll-out",
    wanted: [deny, newDns],
    held: [deny, dns],
    stored: [deny, dns],
    expected: true,
  },
  {
    name: "so is one that comes when nobody knows what it had",
    wanted: [deny, newDns],
    held: [],
    stored: [deny, dns],
    expected: true,
  },
  {
    name: "what it has lost is repaired at once",
    wanted: [deny, dns],
    held: [deny, dns],
    stored: [deny],
    expected: false,
  },
  {
    name: "what it has lost is repaired at once, though another version is to come",
    wanted: [deny, newDns],
    held: [deny, dns],
    stored: [dns],
    expected: false,
  },
  {
    name: "what somebody edited is repaired at once",
    wanted: [deny, dns],
    held: [deny, dns],
    stored: [deny, newDns],
    expected: false,
  },
  {
    name: "what has nothing yet does not wait",
    wanted: [deny, dns],
    held: [],
    stored: [],
    expected: false,
  },
])("$name", ({ wanted, held, stored, expected }) => {
  const byName = new Map(stored.map((one) => [one.metadata.name, one]));
  expect(isRollOut(wanted, held, byName)).toBe(expected);
});

function policy(
  name: string,
  matchLabels: Readonly<Record<string, string>>,
): { readonly metadata: { readonly name: string }; readonly spec: object } {
  return { metadata: { name }, spec: { podSelector: { matchLabels } } };
}
