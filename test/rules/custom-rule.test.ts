import { describe, expect, it } from "vitest";
import { DYN, type StaticType } from "../../src/cel/static-type.ts";
import { DEFAULT_BASELINE } from "../../src/resources/baseline.ts";
import type { Profile } from "../../src/resources/profile.ts";
import { parseResource } from "../../src/resources/resource.ts";
import { compileProfile } from "../../src/rules/compile-profile.ts";
import { customRuleInput } from "../../src/rules/custom-rule-input.ts";
import { customRuleTypes } from "../../src/rules/custom-rule-types.ts";
import { loadCustomRules } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import type {
  CompiledProfile,
  GovernedObject,
  RuleContext,
  RuleSituation,
} from "../../src/rules/rule.ts";
import { type Judgement, runRules } from "../../src/rules/run-rules.ts";
import { unasked } from "../../src/rules/unasked.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { field, isObject } from "../../src/wire/shape.ts";
import { named, resourceDocument } from "../support/documents.ts";
import { engineOf, namespace, networkPolicy, pod } from "../support/dsl.ts";
import { NO_FACTS } from "../support/facts.ts";
import { complaints, succeed } from "../wire/describe-policy.ts";

const registry = createRegistry(VALIDATORS);
const compileCustomRule = await loadCustomRules();

interface Written {
  readonly expression: string;
  readonly [field: string]: unknown;
}

function compile(...rules: readonly Written[]): ReturnType<typeof compileProfile> {
  return compileProfile(profileOf(...rules), sources);
}

const sources = { registry, parent: null, baseline: DEFAULT_BASELINE.name, compileCustomRule };

function profileOf(...rules: readonly Written[]): Profile {
  const customRules = rules.map((rule) => ({
    id: "ours",
    action: "Deny",
    onFault: "Deny",
    ...rule,
  }));
  const profile = succeed(parseResource(resourceDocument("Profile", "p", { customRules })));
  if (profile.kind !== "Profile") throw new Error("not a profile");
  return profile;
}

const engine = engineOf([
  namespace("dev"),
  namespace("shop team=a"),
  pod("dev/tool app=tool"),
  pod("shop/web-1 app=web Deployment/web"),
  pod("shop/db app=db"),
  networkPolicy("shop/deny", "types Ingress"),
]);

const manifest = {
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { namespace: "shop", name: "db", labels: { owner: "dana" } },
  spec: {
    podSelector: { matchLabels: { app: "db" } },
    policyTypes: ["Ingress"],
    ingress: [
      {
        from: [{ namespaceSelector: named("dev") }],
        ports: [{ protocol: "TCP", port: 5432 }],
      },
    ],
  },
};

/** As a cluster has it, with every field that a ValidatingAdmissionPolicy sees. */
const SHOP = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name: "shop",
    generateName: "sh",
    namespace: "",
    uid: "7f6e",
    labels: { team: "a" },
    annotations: { "cost-center": "1234" },
    creationTimestamp: "2026-01-01T00:00:00Z",
    deletionTimestamp: "2026-07-01T00:00:00Z",
    deletionGracePeriodSeconds: 0,
    generation: 1,
    resourceVersion: "7",
    finalizers: [],
  },
  spec: { finalizers: ["kubernetes"] },
  status: { phase: "Active", conditions: [] },
};

const V1BETA1 = { group: "networking.k8s.io", version: "v1beta1", kind: "NetworkPolicy" };
const RESOURCE = { group: "networking.k8s.io", version: "v1beta1", resource: "networkpolicies" };

/** What the profile finds about the policy that lets `dev` into the database. */
function judge(profile: CompiledProfile, part: Partial<RuleSituation> = {}): Judgement {
  const { policy, manifest: read } = succeed(parseNetworkPolicy(manifest));
  const object: GovernedObject = { kind: "policy", manifest: read, policy };
  return engine.preview([{ kind: "policy", op: "upsert", object: policy }], (after, delta) =>
    runRules(
      profile,
      {
        get: () => undefined,
        baselineNeeds: () => undefined,
        baselinePolicies: () => [],
        baselineMisfits: () => [],
      },
      {
        operation: "CREATE",
        object,
        oldObject: null,
        namespaceLabels: new Map([["team", "a"]]),
        request: {
          kind: "NetworkPolicy",
          namespace: "shop",
          name: "db",
          subResource: "",
          requestedAs: { kind: V1BETA1, resource: RESOURCE, subResource: "" },
          dryRun: false,
          options: { kind: "CreateOptions", fieldManager: "gitops" },
          user: { username: "dana", uid: "1", groups: ["devs"], extra: {} },
        },
        clock: () => performance.now(),
        deadline: Number.POSITIVE_INFINITY,
        delta,
        ownDelta: delta,
        after,
        facts: {
          ...NO_FACTS,
          namespaceManifest: (name) => (name === "shop" ? SHOP : undefined),
        },
        ...part,
      },
    ),
  );
}

function succeedIn(...rules: readonly Written[]): CompiledProfile {
  const compiled = compile(...rules);
  if (!compiled.ok) throw new Error(complaints(compiled).join("\n"));
  return compiled.value;
}

describe("a rule in CEL sees", () => {
  it.each<[string, string]>([
    ["the object", "object.metadata.labels.owner == 'dana'"],
    ["no old object on CREATE", "oldObject == null"],
    ["numbers as integers", "object.spec.ingress[0].ports.all(p, p.port == 5432)"],
    ["who asks for what", "request.operation == 'CREATE' && request.userInfo.username == 'dana'"],
    ["the kind as the API server calls it", "request.kind.group == 'networking.k8s.io'"],
    [
      "and the resource",
      "request.resource.group == 'networking.k8s.io' && request.resource.version == 'v1' && request.resource.resource == 'networkpolicies' && request.subResource == ''",
    ],
    ["what was asked for, before it was converted", "request.requestKind.version == 'v1beta1'"],
    [
      "with its resource",
      "request.requestResource.version == 'v1beta1' && request.requestSubResource == ''",
    ],
    ["with which options", "request.options.fieldManager == 'gitops'"],
    ["the groups of whoever asks", "'devs' in request.userInfo.groups"],
    ["the object's namespace", "namespaceObject.metadata.labels.team == 'a'"],
    ["its annotations", "namespaceObject.metadata.annotations['cost-center'] == '1234'"],
    [
      "how old it is and how it is",
      "timestamp(namespaceObject.metadata.creationTimestamp) < timestamp('2026-06-01T00:00:00Z') && namespaceObject.status.phase == 'Active' && 'kubernetes' in namespaceObject.spec.finalizers",
    ],
    ["its parameters", "params.ports.exists(p, p == 5432)"],
    ["what opens", "opened.size() == 1 && opened[0].to.workloads == ['shop/db']"],
    [
      "on which ports",
      "opened[0].ports == [{'protocol': dyn('TCP'), 'first': dyn(5432), 'last': dyn(5432)}]",
    ],
    [
      "from where",
      "opened.all(f, !f.from.world && f.from.namespaces == ['dev'] && f.from.pods == 1)",
    ],
    ["what closes", "closed == []"],
    ["who would reach whom", "reaches('dev/*', 'shop/db', 5432)"],
    [
      "who would not",
      "!reaches('dev/tool', 'shop/web', 5432) && !reaches('10.9.9.9', 'shop/*', 80)",
    ],
    ["other protocols", "!reaches('dev/tool', 'shop/db', 'UDP/5432')"],
    ["the functions of Kubernetes", "cidr('10.0.0.0/8').containsIP(ip('10.1.2.3'))"],
  ])("%s", (_, expression) => {
    const profile = succeedIn({ expression, params: { ports: [5432] } });
    expect(judge(profile)).toEqual({ findings: [], faults: [] });
  });

  it("no namespace of a Namespace, which lives in none", () => {
    const expression =
      "namespaceObject == null && request.resource.resource == 'namespaces' && request.requestKind == request.kind && request.subResource == 'status' && request.options == {}";
    const profile = succeedIn({ expression, kinds: ["Namespace"] });
    const shop = {
      apiVersion: "v1" as const,
      kind: "Namespace" as const,
      metadata: { name: "shop" },
    };
    const nobody = unasked({ kind: "Namespace", namespace: "shop", name: "shop" });
    const asked = { ...nobody, subResource: "status" };
    const change = { object: { kind: "namespace", manifest: shop }, request: asked } as const;
    expect(judge(profile, change)).toEqual({ findings: [], faults: [] });
    const other = succeedIn({ expression: "namespaceObject != null", kinds: ["Namespace"] });
    expect(judge(other, change).findings).toHaveLength(1);
  });
});

describe("a rule in CEL that is not true", () => {
  it("is a finding with what its author says", () => {
    const profile = succeedIn({
      expression: "opened.all(f, f.from.namespaces.size() == 0)",
      action: "Warn",
      description: "nobody comes in from elsewhere",
      message: "lets others in",
      help: "ask the platform team",
      path: "spec.ingress",
    });
    expect(judge(profile).findings).toEqual([
      {
        ruleId: "ours",
        action: "Warn",
        finding: {
          path: "spec.ingress",
          message: "lets others in",
          why: "nobody comes in from elsewhere",
          help: "ask the platform team",
        },
      },
    ]);
  });

  it.each<[string, Omit<Written, "expression">, string]>([
    [
      "with a message that is worked out",
      { messageExpression: "'opens ' + string(opened.size())" },
      "opens 1",
    ],
    [
      "with the plain one where that fails",
      { messageExpression: "object.nothing", message: "plain" },
      "plain",
    ],
    ["with the expression where there is none", {}, "`opened == []` is not true"],
  ])("%s", (_, part, message) => {
    const { findings } = judge(succeedIn({ ...part, expression: "opened == []" }));
    expect(findings.map(({ finding }) => finding.message)).toEqual([message]);
  });
});

const IS_OF: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  bool: (value) => typeof value === "boolean",
  int: Number.isInteger,
  list: Array.isArray,
  map: isObject,
};

/** Where a value and what is told of its fields and types do not have the same. */
function mismatches(
  { name: kind, of, fields }: StaticType,
  value: unknown,
  path: string,
): readonly string[] {
  const isOfKind = kind.startsWith("kubernetes.") ? isObject : IS_OF[kind];
  if (kind !== "dyn" && isOfKind?.(value) !== true) return [`${path} is no ${kind}`];
  const [item = DYN] = of;
  if (item.fields !== undefined) {
    return mismatches(item, Array.isArray(value) ? value[0] : undefined, `${path}[0]`);
  }
  if (fields === undefined) return [];
  const names = new Set([...Object.keys(fields), ...(isObject(value) ? Object.keys(value) : [])]);
  return Array.from(names).flatMap((name) => {
    const [type, part] = [fields[name], field(value, name)];
    const at = `${path}.${name}`;
    return type === undefined || part === undefined ? [at] : mismatches(type, part, at);
  });
}

it("what is told of the fields of its variables is what they have", () => {
  const contexts: RuleContext<unknown>[] = [];
  const profile = succeedIn({ expression: "true" });
  const [rule] = profile.rules;
  if (rule === undefined) throw new Error("no rule");
  const check = (context: RuleContext<unknown>) => {
    contexts.push(context);
    return [];
  };
  judge({ ...profile, rules: [{ ...rule, validator: { ...rule.validator, check } }] });
  const params = { limits: { most: 1 } };
  const types = customRuleTypes(params);
  const [context] = contexts;
  if (context === undefined) throw new Error("not asked");
  const { variables } = customRuleInput(context, params);
  // What closes has the shape of what opens.
  for (const name of ["request", "namespaceObject", "params", "opened"]) {
    expect(mismatches(types[name] ?? DYN, variables[name], name)).toEqual([]);
  }
  expect(types["closed"]).toBe(types["opened"]);
});

describe("what a rule in CEL cannot see is told before it is asked", () => {
  it.each<[string, string]>([
    ["request.userInfo.usrname == 'x'", "there is no field `usrname`; did you mean `username`?"],
    [
      "namespaceObject.metadata.annotation == {}",
      "there is no field `annotation`; did you mean `annotations`?",
    ],
    ["namespaceObject.spec.tier == 1", "there is no field `tier`; there is `finalizers`"],
    [
      "request.kind == request.resource",
      "`==` does not take kubernetes.GroupVersionKind and kubernetes.GroupVersionResource",
    ],
    ["request.uid == ''", "there is no field `uid`"],
    ["opened.all(flow, flow.form.world)", "there is no field `form`; did you mean `from`?"],
    ["opened.all(at, flow, flow.to.pod > at)", "there is no field `pod`; did you mean `pods`?"],
    [
      "closed[0].ports[0].port == 1",
      "there is no field `port`; there is `protocol`, `first`, `last`",
    ],
    [
      "opened.map(f, {'a': f.from}).all(x, x.a.pod == 1)",
      "there is no field `pod`; did you mean `pods`?",
    ],
    ["params.limits.mx == 1", "there is no field `mx`; did you mean `max`?"],
    [
      "reaches('shop', 'shop/*', 1)",
      "reaches: `shop` is no end; expected `namespace/*`, `namespace/name` or an address",
    ],
    [
      "reaches(object.metadata.name, 'shop', 1)",
      "reaches: `shop` is no end; expected `namespace/*`, `namespace/name` or an address",
    ],
    [
      "reaches('shop/*', 'shop/*', 'QUIC/1')",
      "reaches: `QUIC/1` is no port; expected 443 or `UDP/53`",
    ],
  ])("%s", (expression, message) => {
    const [complaint, ...others] = complaints(
      compile({ expression, params: { limits: { max: 1 } } }),
    );
    expect(complaint).toMatch(/^spec\.customRules\[0\]\.expression: .* \(line 1, column \d+\)$/);
    expect(complaint).toContain(message);
    expect(others).toEqual([]);
  });

  it.each([
    ["but what it asks for first", "!has(params.owner) || params.owner == object.metadata.name"],
    ["but what may be there", "request.options.any == 1 || request.userInfo.extra.any == ['x']"],
    [
      "but fields by names that are worked out",
      "params['own' + 'er'] == 1 || opened[0]['from'] == {}",
    ],
  ])("%s", (_, expression) => {
    expect(compile({ expression }).ok).toBe(true);
  });
});

describe("a rule in CEL is asked about", () => {
  it.each<[string, Omit<Written, "expression">, Partial<RuleSituation>, number]>([
    ["policies, unless it says otherwise", {}, {}, 1],
    ["no other kinds than it names", { kinds: ["ClusterNetworkPolicy", "Namespace"] }, {}, 0],
    ["no other operations", { operations: ["DELETE"] }, {}, 0],
    [
      "no other namespaces",
      { match: { namespaceSelector: { matchLabels: { team: "b" } } } },
      {},
      0,
    ],
  ])("%s", (_, part, situation, count) => {
    const { findings } = judge(succeedIn({ ...part, expression: "false" }), situation);
    expect(findings).toHaveLength(count);
  });
});

describe("a rule in CEL that fails is a fault, as its onFault says", () => {
  const toPort = "reaches('dev/*', 'shop/*', params.given)";
  it.each<[string, string, unknown, string]>([
    ["a field that is not there", "object.spec.egress.size() > 0", "", "no field `egress`"],
    ["a port that is none", toPort, "QUIC/1", "`QUIC/1` is no port"],
    ["a port below the first", toPort, 0, "`0` is no port"],
    ["a port beyond the last", toPort, 65536, "`65536` is no port"],
    ["an end that is none", "reaches(params.given, 'shop/*', 1)", "dev", "`dev` is no end"],
    [
      "an end of three parts",
      "reaches(params.given, 'shop/*', 1)",
      "dev/web/1",
      "`dev/web/1` is no end",
    ],
  ])("%s", (_, expression, given, message) => {
    for (const onFault of ["Deny", "Warn"] as const) {
      const { findings, faults } = judge(succeedIn({ expression, onFault, params: { given } }));
      expect(findings).toEqual([]);
      expect(faults).toMatchObject([
        { ruleId: "ours", onFault: onFault.toLowerCase(), error: { code: "NP_E_EXPRESSION" } },
      ]);
      expect(faults[0]?.error.message).toContain("rule `ours` failed: ");
      expect(faults[0]?.error.message).toContain(message);
    }
  });

  it("is one printable line however much its message repeats of the object", () => {
    const expression = String.raw`reaches(params.start + '${"x".repeat(5000)}', 'shop/*', 1)`;
    const params = { start: "dev\nNetworkPolicy created\u202e" };
    const [fault] = judge(succeedIn({ expression, params })).faults;
    const message = fault?.error.message ?? "";
    expect(message).toMatch(/^rule `ours` failed: reaches: `dev NetworkPolicy created x+…$/u);
    expect(message.length).toBeLessThanOrEqual(330);
  });

  const nested = (depth: number): string =>
    Array.from({ length: depth }, (_, index) => `x${index}`).reduce(
      (inner, name) => `[1,2,3,4,5,6,7,8,9].all(${name}, ${inner})`,
      "object.metadata.name != 'x'",
    );

  it("one that costs too much", () => {
    const { faults } = judge(succeedIn({ expression: nested(6) }), { clock: () => 0 });
    expect(faults[0]?.error.message).toContain("costs too much");
  });

  it("not one whose process waits for a processor, while the decision has time", () => {
    let now = 0;
    const clock = (): number => (now += 50);
    const { faults } = judge(succeedIn({ expression: nested(4) }), { clock, deadline: 100_000 });
    expect(faults).toEqual([]);
  });

  it("a decision that has no time left", () => {
    const late = { clock: () => 10, deadline: 5 };
    const expression = nested(4);
    const { faults } = judge(succeedIn({ expression }), late);
    expect(faults[0]?.error.message).toContain("takes too long");
  });
});

it.each<[string, readonly Written[], readonly string[]]>([
  [
    "a name that there is not, with its place",
    [{ expression: "object.metadata.name == objct.metadata.name" }],
    ["spec.customRules[0].expression: "],
  ],
  ["what is no condition", [{ expression: "1 + 1" }], ["spec.customRules[0].expression: "]],
  [
    "a message that is no text",
    [{ expression: "true", messageExpression: "1" }],
    ["spec.customRules[0].messageExpression: "],
  ],
  [
    "the id of a rule that there is",
    [{ id: "open-world", expression: "true" }],
    ["spec.customRules[0].id: `open-world` is a rule already"],
  ],
  [
    "an id twice",
    [{ expression: "true" }, { expression: "false" }],
    ["spec.customRules[1].id: a second rule `ours`"],
  ],
])("refuses %s", (_, rules, expected) => {
  const problems = complaints(compile(...rules));
  expect(problems).toHaveLength(expected.length);
  for (const [index, text] of expected.entries()) expect(problems[index]).toContain(text);
});

it("is the same rule as long as it is the same document", () => {
  const profile = profileOf({ expression: "true" });
  const [one, again] = [profile, profile].map((each) => succeed(compileProfile(each, sources)));
  expect(one?.rules[0]?.validator).toBe(again?.rules[0]?.validator);
  const another = succeedIn({ expression: "true" });
  expect(another.rules[0]?.validator).not.toBe(one?.rules[0]?.validator);
});
