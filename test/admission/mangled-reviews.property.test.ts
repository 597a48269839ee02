import { array, assert, asyncProperty, constantFrom, nat, record } from "fast-check";
import { expect, it } from "vitest";
import { review } from "./review.ts";
import { createWorld, type Json, namespace, policy } from "./world.ts";

const RUNS = process.env["CI"] === "true" ? 5_000 : 500;

const OBJECTS: readonly Json[] = [
  policy("shop/web", {
    podSelector: { matchLabels: { app: "web" } },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      {
        from: [
          {
            podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["db"] }] },
            namespaceSelector: {},
          },
          { ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } },
        ],
        ports: [{ protocol: "TCP", port: 80, endPort: 90 }, { port: "http" }],
      },
    ],
    egress: [
      { to: [{ namespaceSelector: { matchLabels: { team: "b" } } }], ports: [{ port: 53 }] },
    ],
  }),
  namespace("shop", { "ringfence.dev/profile": "restricted", "ringfence.dev/mode": "warn" }),
  clusterScoped("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", {
    tier: "Admin",
    priority: 10,
    subject: { namespaces: {} },
    ingress: [
      {
        action: "Accept",
        from: [{ namespaces: {} }],
        protocols: [{ tcp: { destinationPort: { number: 1 } } }],
      },
    ],
    egress: [{ action: "Deny", to: [{ networks: ["10.0.0.0/8"] }] }],
  }),
  clusterScoped("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", {
    priority: 10,
    subject: { pods: { namespaceSelector: {}, podSelector: {} } },
    egress: [{ action: "Pass", to: [{ nodes: {} }] }],
  }),
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "shop", labels: { app: "web" } },
    spec: { containers: [{ name: "main", ports: [{ name: "http", containerPort: 80 }] }] },
    status: { podIPs: [{ ip: "10.244.9.9" }] },
  },
  clusterScoped("ringfence.dev/v1alpha1", "Profile", {
    extends: "restricted",
    rules: [{ id: "open-world", action: "Deny", parameters: {} }],
    customRules: [{ id: "own", action: "Deny", onFault: "Deny", expression: "object.spec == 1" }],
  }),
  clusterScoped("ringfence.dev/v1alpha1", "Invariant", {
    description: "the data is nobody's",
    mustNotReach: {
      from: [{ world: true }],
      to: [{ pods: { podSelector: { matchLabels: { app: "db" } } } }],
      ports: [{ port: 1, endPort: 5 }],
    },
  }),
  clusterScoped("ringfence.dev/v1alpha1", "Baseline", {
    policies: [{ name: "deny", spec: { podSelector: {} } }],
  }),
];

/** What does not belong anywhere, or only somewhere else. */
const JUNK: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e20,
  65_536,
  "",
  "*",
  "80",
  "Ingress",
  "10.0.0.0/33",
  "::/0",
  "\u001b[31mred\n",
  "\u202etxt.exe",
  "😀".repeat(300),
  "a".repeat(5_000),
  "2026-13-45",
  [],
  {},
  [null],
  [{}],
  [[[]]],
  ["In"],
  { matchLabels: { constructor: "x" } },
  { matchExpressions: [{ key: "toString", operator: "Exists" }] },
  JSON.parse('{"__proto__":{"allowed":true}}'),
];

/** Where to put what, counted through all places of a review. */
const mangling = record({ place: nat(), junk: constantFrom(...JUNK) });

it("a review in which anything is anything is answered, in printable words, and changes nothing", async () => {
  const world = createWorld();
  const before = world.engine.stats();
  await assert(
    asyncProperty(
      constantFrom(...OBJECTS),
      constantFrom("CREATE", "UPDATE", "DELETE"),
      array(mangling, { maxLength: 4 }),
      constantFrom("validate", "mutate"),
      async (object, operation, manglings, endpoint) => {
        const asked = mangle(
          review({
            operation,
            object: operation === "DELETE" ? null : object,
            oldObject: operation === "CREATE" ? null : object,
            request: { kind: kindOf(object) },
          }),
          manglings,
        );
        const response = await world.ask(asked, endpoint);
        const outcome = world.records.at(-1)?.outcome;
        if (outcome === "fault") throw new Error("failed instead of answering");
        if (response.uid !== "705ab4f5") throw new Error(`another uid: ${response.uid}`);
        if (endpoint === "mutate" && !response.allowed) throw new Error("a mutation blocks");
        const message = response.status?.message ?? "";
        const lines = [
          ...message.split("\n"),
          ...(response.warnings ?? []),
          ...Object.values(response.auditAnnotations ?? {}),
        ];
        const odd = lines.find((line) => line.length > 2_000 || /[\p{Cc}\p{Cf}]/u.test(line));
        if (odd !== undefined) throw new Error(`not printable: ${JSON.stringify(odd)}`);
        if (message.split("\n").length > 60) throw new Error(`too many lines: ${message}`);
      },
    ),
    { numRuns: RUNS },
  );
  expect(world.engine.stats()).toEqual(before);
});

function clusterScoped(apiVersion: string, kind: string, spec: Json): Json {
  return { apiVersion, kind, metadata: { name: "own" }, spec };
}

function kindOf({ apiVersion, kind }: Json): Json {
  const [version, group = ""] = String(apiVersion).split("/").toReversed();
  return { group, version, kind };
}

/** The review with junk in some places, its uid untouched. */
function mangle(
  asked: Json,
  manglings: readonly { readonly place: number; readonly junk: unknown }[],
): unknown {
  const mangled: unknown = structuredClone(asked);
  for (const { place, junk } of manglings) {
    const places = placesIn((mangled as { readonly request: object }).request);
    const chosen = places[place % places.length];
    if (chosen !== undefined && chosen.key !== "uid")
      chosen.holder[chosen.key] = structuredClone(junk);
  }
  return JSON.parse(JSON.stringify(mangled));
}

interface Place {
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(value: unknown): readonly Place[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
