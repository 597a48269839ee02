import { expect, it } from "vitest";
import { usersOf } from "../../src/rules/users-of.ts";
import { engineOf, namespace } from "../support/dsl.ts";

const engine = engineOf([
  namespace("shop ringfence.dev/profile=ours ringfence.dev/baseline=wall"),
  namespace("lab ringfence.dev/profile=theirs"),
  namespace("plain ringfence.dev/baseline=wall"),
]);

it.each<[string, readonly string[]]>([
  ["Profile ours", ["shop"]],
  ["Profile nobodys", []],
  ["Baseline wall", ["shop"]],
  ["Invariant ours", []],
  ["Exemption shop/ours", []],
])("%s is used by %j", (key, expected) => {
  expect(usersOf(key, engine)).toEqual(expected);
});
