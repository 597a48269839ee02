import * as fc from "fast-check";
import { expect, it } from "vitest";
import { generateCluster } from "../../bench/cluster-generator.ts";
import { parseBySchema, parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { readPlainPolicy } from "../../src/wire/plain-network-policy.ts";

const some = { requiredKeys: [] };
const few = { maxLength: 2 };

const label = fc.constantFrom("app", "a.b/c", "constructor");
const selector = fc.record(
  { matchLabels: fc.dictionary(label, fc.constantFrom("", "web"), { maxKeys: 2 }) },
  some,
);
const ipBlock = fc.constantFrom(
  { cidr: "10.0.0.0/8" },
  { cidr: "10.1.2.3/8", except: ["10.1.0.0/16", "10.0.0.0/9"] },
  { cidr: "::/0", except: [] },
);
const peer = fc.oneof<fc.Arbitrary<unknown>[]>(
  fc.record({ podSelector: selector }),
  fc.record({ namespaceSelector: selector }),
  fc.record({ podSelector: selector, namespaceSelector: selector }),
  fc.record({ ipBlock }),
);
const port = fc.constantFrom(
  {},
  { port: 80 },
  { protocol: "UDP", port: 53 },
  { protocol: "TCP", port: "http" },
  { protocol: "SCTP", port: 1, endPort: 65_535 },
);
const ports = fc.array(port, few);
const spec = fc.record(
  {
    podSelector: selector,
    policyTypes: fc.uniqueArray(fc.constantFrom("Ingress", "Egress")),
    ingress: fc.array(fc.record({ from: fc.array(peer, few), ports }, some), few),
    egress: fc.array(fc.record({ to: fc.array(peer, few), ports }, some), few),
  },
  some,
);
const metadata = fc.constantFrom(
  { name: "web" },
  { name: "web.v2", namespace: "shop", labels: { app: "web" }, uid: "7" },
  { name: "web", generateName: "we", annotations: { "a/b": "" }, resourceVersion: "7" },
);
const policy = fc.record({ metadata, spec });

/** What may stand in the place of any value. */
const ODD =
  `null 0 1.5 65536 true "" "http" "80" "-x" "Web" "a--b" "10.0.0.0/8" "10.0.0.0" "ingress"
  [] [null] [{}] {} {"extra":1} {"__proto__":{}} {"matchLabels":{"__proto__":"a"}}
  {"matchExpressions":[]} {"cidr":"10.0.0.0/8"} {"port":80,"endPort":79} {"port":80,"endPort":null}`.split(
    /\s+/,
  );

/** The text with one value in another's place: of a field, of an item, or of the whole. */
function replaceAt(text: string, place: number, odd: string): string {
  const places: (() => string)[] = [() => odd];
  const walk = (value: unknown, around: (inner: string) => string): void => {
    if (typeof value !== "object" || value === null) return;
    const entries = Object.entries(value as Readonly<Record<string, unknown>>);
    for (const [index, [key, item]] of entries.entries()) {
      const put = (inner: string): string => {
        const parts = entries.map(([name, other], position) => {
          const written = position === index ? inner : JSON.stringify(other);
          return Array.isArray(value) ? written : `${JSON.stringify(name)}:${written}`;
        });
        return around(Array.isArray(value) ? `[${parts.join()}]` : `{${parts.join()}}`);
      };
      places.push(
        () => put(odd),
        () => put(`${JSON.stringify(item)},"${key}x":${odd}`),
      );
      walk(item, put);
    }
  };
  walk(JSON.parse(text), (inner) => inner);
  return places[place % places.length]?.() ?? text;
}

it("reads a policy as the schema does, or leaves it to the schema", () => {
  let plain = 0;
  const places = fc.array(fc.tuple(fc.nat(), fc.constantFrom(...ODD)), { maxLength: 2 });
  fc.assert(
    fc.property(policy, places, (usual, changes) => {
      const text = changes.reduce((written, [place, odd]) => {
        const changed = replaceAt(written, place, odd);
        return isJson(changed) ? changed : written;
      }, JSON.stringify(usual));
      const raw: unknown = JSON.parse(text);
      if (readPlainPolicy(raw) === null) return;
      plain += 1;
      expect(parseNetworkPolicy(raw, "own")).toEqual(parseBySchema(raw, "own"));
    }),
    { numRuns: 5_000 },
  );
  expect(plain).toBeGreaterThan(1_000);
});

it("reads nearly every policy as teams write them", () => {
  const { policies } = generateCluster({ namespaces: 50, pods: 100, policies: 500 });
  const plain = policies.filter((raw) => readPlainPolicy(raw) !== null);
  expect(plain.length).toBeGreaterThan(0.9 * policies.length);
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
