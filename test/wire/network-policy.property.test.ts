import * as fc from "fast-check";
import { expect, it } from "vitest";
import { impliedPolicyTypes, parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { succeed } from "./describe-policy.ts";

/** A list, an empty one, null, or no field at all. */
const maybe = <T>(values: fc.Arbitrary<T>) =>
  fc.option(fc.oneof(fc.constant(null), values), { nil: undefined });

const selector = fc.constantFrom(
  {},
  { matchLabels: { app: "a" } },
  { matchExpressions: [{ key: "app", operator: "NotIn" as const, values: ["b"] }] },
);
const peer = fc.constantFrom<object>(
  { podSelector: {} },
  { namespaceSelector: { matchLabels: { team: "x" } }, podSelector: null },
  { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
);
const port = fc.record(
  {
    protocol: fc.constantFrom("TCP" as const, "UDP" as const, null),
    port: fc.constantFrom<(number | string | null)[]>(80, "web", null),
  },
  { requiredKeys: [] },
);
const ports = maybe(fc.array(port, { maxLength: 3 }));
const peers = maybe(fc.array(peer, { maxLength: 3 }));
const spec = fc.record({
  podSelector: maybe(selector),
  policyTypes: maybe(fc.uniqueArray(fc.constantFrom("Ingress" as const, "Egress" as const))),
  ingress: maybe(fc.array(fc.record({ from: peers, ports }), { maxLength: 3 })),
  egress: maybe(fc.array(fc.record({ to: peers, ports }), { maxLength: 3 })),
});
type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Port = ValueOf<typeof port>;
type Spec = ValueOf<typeof spec>;

const parse = (written: unknown) =>
  succeed(parseNetworkPolicy({ metadata: { name: "a" }, spec: written })).policy;

/** Rules with their defaults written out. */
function defaultedRules<R extends { readonly ports: readonly Port[] | null | undefined }>(
  rules: readonly R[] | null | undefined,
) {
  return rules?.map((rule) => ({
    ...rule,
    ports: rule.ports?.map((one) => ({ ...one, protocol: one.protocol ?? ("TCP" as const) })),
  }));
}

/** The same policy with all its defaults written out, as the API server stores it. */
function defaulted({ podSelector, policyTypes, ingress, egress }: Spec) {
  return {
    podSelector: podSelector ?? {},
    policyTypes: [...impliedPolicyTypes({ policyTypes, egress })],
    ingress: defaultedRules(ingress),
    egress: defaultedRules(egress),
  };
}

it("means the same whether its defaults are written out or not", () => {
  fc.assert(
    fc.property(spec, (written) => {
      expect(parse(defaulted(written))).toEqual(parse(written));
    }),
  );
});

it("is defaulted once: doing it again changes nothing", () => {
  fc.assert(
    fc.property(spec, (written) => {
      expect(defaulted(defaulted(written))).toEqual(defaulted(written));
    }),
  );
});

it("means the same after a trip through JSON", () => {
  fc.assert(
    fc.property(spec, (written) => {
      const copy: unknown = JSON.parse(JSON.stringify(written));
      expect(parse(copy)).toEqual(parse(written));
    }),
  );
});

it("always answers, whatever it is given", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      for (const raw of [value, { metadata: { name: "a" }, spec: value }]) {
        const read = parseNetworkPolicy(raw);
        expect(read.ok ? [] : read.error).not.toBeUndefined();
      }
    }),
  );
});
