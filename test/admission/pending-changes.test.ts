import { describe, expect, it } from "vitest";
import { PendingChanges } from "../../src/admission/pending-changes.ts";
import { MatchingEngine } from "../../src/engine/matching-engine.ts";
import type { Change } from "../../src/engine/model.ts";

const removal = (name: string): Change => ({ kind: "namespace", op: "delete", key: name });
const arrival = (name: string): Change => {
  return { kind: "namespace", op: "upsert", object: { name, labels: new Map() } };
};

function create(): { readonly pending: PendingChanges; readonly pass: (ms: number) => void } {
  let now = 5_000;
  const pending = new PendingChanges(new MatchingEngine(), () => now);
  return { pending, pass: (ms) => void (now += ms) };
}

it.each([
  [0, 1],
  [9_999, 1],
  [10_000, 0],
])("after %i ms there are %i of one", (ms, count) => {
  const { pending, pass } = create();
  pending.admit([arrival("a")]);
  pass(ms);
  expect(pending.beside([])).toHaveLength(count);
});

it("counts again from when the same object is changed again", () => {
  const { pending, pass } = create();
  pending.admit([arrival("a")]);
  pass(6_000);
  pending.admit([arrival("b"), arrival("a")]);
  pass(6_000);
  expect(pending.beside([arrival("b")])).toEqual([arrival("a")]);
});

it("keeps two hundred, the newest", () => {
  const { pending } = create();
  const names = Array.from({ length: 201 }, (_, at) => `n${at}`);
  pending.admit(names.slice(0, 200).map(arrival));
  expect(pending.beside([])).toHaveLength(200);
  // The first is the newest by this.
  pending.admit([arrival("n0"), arrival("n200")]);
  expect(pending.beside([])).toEqual([...names.slice(2, 200), "n0", "n200"].map(arrival));
});

it("has none that the watches have shown", () => {
  const { pending } = create();
  // There is no such namespace.
  pending.admit([removal("gone"), arrival("to-come")]);
  expect(pending.beside([])).toEqual([arrival("to-come")]);
});

describe("what was not admitted after all", () => {
  const labelled = (name: string, value: string): Change => ({
    kind: "namespace",
    op: "upsert",
    object: { name, labels: new Map([["tier", value]]) },
  });

  it("is not possible any more, and what it stood in the place of is again", () => {
    const { pending } = create();
    pending.admit([labelled("a", "first")]);
    const takeBack = pending.admit([labelled("a", "second"), labelled("b", "second")]);
    expect(pending.beside([])).toEqual([labelled("a", "second"), labelled("b", "second")]);
    takeBack();
    expect(pending.beside([])).toEqual([labelled("a", "first")]);
  });

  it("takes nothing away that came after it", () => {
    const { pending } = create();
    const takeBack = pending.admit([labelled("a", "first")]);
    pending.admit([labelled("a", "second")]);
    takeBack();
    expect(pending.beside([])).toEqual([labelled("a", "second")]);
  });

  it("brings nothing back whose time is over", () => {
    const { pending, pass } = create();
    pending.admit([labelled("a", "first")]);
    pass(6_000);
    const takeBack = pending.admit([labelled("a", "second")]);
    pass(6_000);
    takeBack();
    expect(pending.beside([])).toEqual([]);
  });
});
