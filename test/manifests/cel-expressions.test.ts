import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CelInput, celEnv, parse, plan } from "@bufbuild/cel";
import { describe, expect, it } from "vitest";
import { renderCustomResourceDefinition } from "../../src/resources/custom-resource-definition.ts";
import { parseResource, RESOURCE_KINDS } from "../../src/resources/resource.ts";
import { field, isObject } from "../../src/wire/shape.ts";
import { resourceDocument } from "../support/documents.ts";
import { manifestsFolder, parseManifests } from "./rendered-manifests.ts";

/** What an expression of the manifests answers, by the language's own library: true, false, or an error. */
function evaluate(expression: string, variables: Readonly<Record<string, CelInput>>): unknown {
  return plan(celEnv(), parse(expression))(variables);
}

const END = [{ world: true }];
const expires = "2030-01-01T00:00:00Z";

const exemption = (spec: object): object =>
  resourceDocument("Exemption", "e", { reason: "r", owner: "o", expires, ...spec }, "shop");
const profile = (name: string, spec: object): object => resourceDocument("Profile", name, spec);
const FLOWS = { from: END, to: END };
const claims = (spec: object): object =>
  resourceDocument("Invariant", "i", { description: "d", ...spec });
const invariant = (port: object): object => claims({ mustNotReach: { ...FLOWS, ports: [port] } });
const range = (port: object): readonly [object, object] => [port, invariant(port)];

/** What `self` is, the whole document, and whether it may be; by the message of the validation. */
const VALIDATIONS: Readonly<Record<string, readonly (readonly [object, object, boolean])[]>> = {
  "a profile cannot extend itself": [
    [profile("a", {}), profile("a", {}), true],
    [profile("a", { extends: "b" }), profile("a", { extends: "b" }), true],
    // What it extends is not told by its own document alone.
    [profile("a", { extends: "a" }), {}, false],
  ],
  "endPort needs a port that is not greater": [
    [...range({}), true],
    [...range({ port: 80 }), true],
    [...range({ port: 80, endPort: 80 }), true],
    [...range({ port: 80, endPort: 90 }), true],
    [...range({ port: 80, endPort: 79 }), false],
    [...range({ endPort: 90 }), false],
  ],
  "needs exactly one of `mustNotReach` and `mustReach`": [
    [{}, claims({}), false],
    [{ mustReach: FLOWS }, claims({ mustReach: FLOWS }), true],
    [{ mustNotReach: FLOWS }, claims({ mustNotReach: FLOWS }), true],
    [
      { mustReach: FLOWS, mustNotReach: FLOWS },
      claims({ mustReach: FLOWS, mustNotReach: FLOWS }),
      false,
    ],
  ],
  "needs at least one of `rules` and `invariants`": [
    [{}, exemption({}), false],
    [{ rules: [] }, exemption({ rules: [] }), false],
    [{ rules: ["a"] }, exemption({ rules: ["a"] }), true],
    [{ rules: [], invariants: ["b"] }, exemption({ rules: [], invariants: ["b"] }), true],
    [{ invariants: ["b"] }, exemption({ invariants: ["b"] }), true],
  ],
};

function* validationsIn(
  schema: unknown,
): Generator<{ readonly rule: string; readonly message: string }> {
  if (!isObject(schema)) return;
  for (const one of (schema["x-kubernetes-validations"] ?? []) as readonly unknown[]) {
    yield { rule: String(field(one, "rule")), message: String(field(one, "message")) };
  }
  for (const of of Object.values(field(schema, "properties") ?? {})) yield* validationsIn(of);
  yield* validationsIn(field(schema, "items"));
}

const shipped = RESOURCE_KINDS.flatMap((definition) => {
  const [version] = field(renderCustomResourceDefinition(definition), "spec", "versions") as [
    unknown,
  ];
  return [...validationsIn(field(version, "schema", "openAPIV3Schema"))];
});
const unique = [...new Map(shipped.map((one) => [one.message, one])).values()];

describe("a validation in CEL", () => {
  it("is tried here, each that there is", () => {
    expect(unique.map(({ message }) => message).toSorted()).toEqual(
      Object.keys(VALIDATIONS).toSorted(),
    );
  });

  it.each(unique)("$message: says so, as the schema that reads files does", ({ rule, message }) => {
    for (const [self, document, isRight] of VALIDATIONS[message] ?? []) {
      expect(evaluate(rule, { self: self as CelInput }), JSON.stringify(self)).toBe(isRight);
      if ("kind" in document) expect(parseResource(document).ok).toBe(isRight);
    }
  });
});

describe("the conditions of the webhooks", async () => {
  const folder = join(manifestsFolder, "components", "match-conditions");
  const texts = await Promise.all(
    ["validating-webhook.yaml", "mutating-webhook.yaml"].map((name) =>
      readFile(join(folder, name), "utf8"),
    ),
  );
  const expressions = texts.flatMap(parseManifests).flatMap((manifest) =>
    (manifest["webhooks"] as readonly unknown[]).map((webhook) => ({
      webhook: `${manifest.kind} ${String(field(webhook, "name"))}`,
      expression: String(
        field((field(webhook, "matchConditions") as readonly unknown[])[0], "expression"),
      ),
    })),
  );

  it.each(expressions)(
    "$webhook: passes by those alone who are let through anyway",
    ({ expression }) => {
      const isAsked = (username: string): unknown =>
        evaluate(expression, { request: { userInfo: { username } } });
      for (const name of ["dana", "system:admin", "system:serviceaccount:shop:ringfence", ""]) {
        expect(isAsked(name), name).toBe(true);
      }
      for (const name of [
        "kube-system:namespace-controller",
        "kube-system:generic-garbage-collector",
        "ringfence-system:ringfence",
      ]) {
        expect(isAsked(`system:serviceaccount:${name}`), name).toBe(false);
      }
    },
  );
});
