import { expect, it } from "vitest";
import { fitWarnings } from "../../src/admission/fit-warnings.ts";
import {
  allowed,
  denied,
  fault,
  invalid,
  patched,
  unavailable,
} from "../../src/admission/respond.ts";
import { cut } from "../../src/wire/printable.ts";

const remarks = { warnings: ["careful"], audit: { profile: "restricted", rules: "a,b" } };

it.each([
  ["denied", denied, 403, "Forbidden"],
  ["invalid", invalid, 422, "Invalid"],
  ["fault", fault, 500, "InternalError"],
  ["unavailable", unavailable, 503, "ServiceUnavailable"],
] as const)("%s has its own code and reason", (_, refuse, code, reason) => {
  expect(refuse("u-1", "because", remarks)).toEqual({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid: "u-1",
      allowed: false,
      status: { code, reason, message: "because" },
      warnings: ["careful"],
      auditAnnotations: { profile: "restricted", rules: "a,b" },
    },
  });
});

it("carries a patch as base64, and none where nothing is to be changed", () => {
  const { response } = patched("u-1", [{ op: "add", path: "/é", value: 1 }]);
  expect(response).toMatchObject({ allowed: true, patchType: "JSONPatch" });
  expect(Buffer.from(response.patch ?? "", "base64").toString()).toBe(
    '[{"op":"add","path":"/é","value":1}]',
  );
  expect(patched("u-1", [])).toEqual(allowed("u-1"));
});

it.each([
  [1000, 1000],
  [1001, 1000],
])("cuts a line of %i characters to %i", (length, expected) => {
  const lines = denied("u-1", `first\n${"x".repeat(length)}`, remarks).response.status?.message;
  expect(lines?.split("\n").map((line) => line.length)).toEqual([5, expected]);
  expect(lines?.endsWith("…")).toBe(length > expected);
});

it("keeps audit annotations short", () => {
  const { response } = allowed("u-1", { warnings: [], audit: { opened: "x".repeat(9000) } });
  expect(response.auditAnnotations?.["opened"]).toHaveLength(512);
});

const runes = (text: string): number => Array.from(text).length;

it.each([
  ["few pass as they are", ["a", "b"], ["a", "b"]],
  ["the same twice is one", ["a", "a"], ["a"]],
  ["line ends and control characters would spoil the header", ["a\n\tb\u0000c"], ["a b c"]],
])("warnings: %s", (_, given, expected) => {
  expect(fitWarnings(given)).toEqual(expected);
});

it("warnings: what does not fit is cut or counted, never dropped in silence", () => {
  const fitted = fitWarnings(
    Array.from({ length: 100 }, (_, index) => `${index} ${"→".repeat(500)}`),
  );
  expect(fitted.every((warning) => runes(warning) <= 256)).toBe(true);
  expect(fitted.reduce((sum, warning) => sum + runes(warning), 0)).toBeLessThanOrEqual(4096 / 2);
  expect(fitted.at(-1)).toBe(`and ${100 - fitted.length + 1} more warnings that did not fit`);
});

it.each([
  ["12 short ones", 12, 3, 12],
  ["13 short ones", 13, 3, 12],
  ["20 short ones", 20, 3, 12],
  ["as long as one may be", 1, 256, 1],
])("warnings: %s", (_, count, length, fitting) => {
  const given = Array.from({ length: count }, (__, index) => `${index}`.padEnd(length, "x"));
  const surplus = count - fitting;
  expect(fitWarnings(given)).toEqual([
    ...given.slice(0, fitting),
    ...(surplus === 0 ? [] : [`and ${surplus} more warnings that did not fit`]),
  ]);
});

it.each([
  ["leave just room for the line that counts", 251, []],
  ["leave a rune too little for it", 252, ["and 1 more warnings that did not fit"]],
])("warnings that %s", (_, last, counting) => {
  const given = Array.from({ length: 7 }, (__, index) => `${index}`.padEnd(251, "x"));
  const more = "y".repeat(last);
  expect(fitWarnings([...given, more])).toEqual([
    ...given,
    ...(counting.length === 0 ? [more] : counting),
  ]);
});

it("warnings: one that is a rune too long is cut", () => {
  expect(fitWarnings(["x".repeat(257)])).toEqual([`${"x".repeat(255)}…`]);
});

it("cuts by runes, not in the middle of one", () => {
  expect(cut("🙂🙂🙂", 3)).toBe("🙂🙂🙂");
  expect(cut("🙂🙂🙂🙂", 3)).toBe("🙂🙂…");
});
