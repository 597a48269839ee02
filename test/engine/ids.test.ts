import { expect, test } from "vitest";
import { Ids } from "../../src/engine/ids.ts";

test("numbers that are given back are taken again first, so that they stay small", () => {
  const ids = new Ids();
  expect([ids.take(), ids.take(), ids.take()]).toEqual([0, 1, 2]);
  ids.giveBack(1);
  expect([ids.take(), ids.take()]).toEqual([1, 3]);
});
