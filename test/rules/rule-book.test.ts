import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { parseResource, type Resource, resourceKey } from "../../src/resources/resource.ts";
import { loadCustomRules } from "../../src/rules/load-custom-rules.ts";
import { createRegistry } from "../../src/rules/registry.ts";
import { resourceTargets } from "../../src/rules/resource-targets.ts";
import { RuleBook } from "../../src/rules/rule-book.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { cpuMs } from "../support/cpu-ms.ts";
import { resourceDocument } from "../support/documents.ts";
import { succeed } from "../wire/describe-policy.ts";

const registry = createRegistry(VALIDATORS);
const compileCustomRule = await loadCustomRules();
const book = () => new RuleBook({ registry, ownNamespace: "ringfence-system", compileCustomRule });

const profile = (name: string, spec: object = {}) => resourceDocument("Profile", name, spec);
const naming = (...ids: readonly string[]) => ({
  rules: ids.map((id) => ({ id, action: "Deny" })),
});
const flows = { from: [{ world: true }], to: [{ world: true }] };
const invariant = (name: string) =>
  resourceDocument("Invariant", name, { description: "why", mustNotReach: flows });
const excuse = (spec: object, namespace = "shop") =>
  resourceDocument(
    "Exemption",
    "e",
    { reason: "r", owner: "o", expires: "2030-01-01T00:00:00Z", ...spec },
    namespace,
  );

/** The name of the baseline of a namespace with that profile, which picks that baseline. */
const baselineOf = (ruleBook: RuleBook, profileName: string, picked?: string): string => {
  const labels = new Map([["ringfence.dev/profile", profileName]]);
  if (picked !== undefined) labels.set("ringfence.dev/baseline", picked);
  const found = ruleBook.baselineFor(labels);
  return found.ok ? found.value.name : (found.error[0]?.message ?? "");
};
const resource = (raw: unknown): Resource => succeed(parseResource(raw));
const put = (ruleBook: RuleBook, raw: ReturnType<typeof resourceDocument>): void => {
  const { kind, metadata } = raw;
  const key =
    metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  resourceTargets(ruleBook)
    .find((target) => target.kind === kind)
    ?.upsert(key, raw);
};
const rulesOf = (ruleBook: RuleBook, name: string) =>
  ruleBook.profiles.get(name)?.rules.map(({ validator }) => validator.id);
const problemsOf = (ruleBook: RuleBook, key: string) =>
  ruleBook
    .problems()
    .get(key)
    ?.map(({ path, message }) => `${path}: ${message}`);

describe("files", () => {
  it("stand beside the built-in profiles, new ones in the place of the last", () => {
    const ruleBook = book();
    expect(ruleBook.profiles.names()).toEqual(["baseline", "restricted"]);
    expect(ruleBook.replaceFiles([resource(profile("ours"))])).toEqual([]);
    expect(ruleBook.replaceFiles([resource(profile("theirs"))])).toEqual([]);
    expect(ruleBook.profiles.names()).toEqual(["baseline", "restricted", "theirs"]);
  });

  it("change nothing while one of them cannot be used, and say which", () => {
    const ruleBook = book();
    ruleBook.replaceFiles([resource(profile("ours", naming("allow-all")))]);
    const broken = [profile("ours", naming("no-such-rule")), profile("b", naming("allow-all"))];
    expect(ruleBook.replaceFiles(broken.map(resource))).toEqual([
      {
        code: "NP_E_RESOURCE",
        path: "spec.rules[0].id",
        message: "Profile ours: `no-such-rule` is no rule",
      },
    ]);
    expect(rulesOf(ruleBook, "ours")).toEqual(["allow-all"]);
    expect(ruleBook.profiles.names()).not.toContain("b");
  });

  it.each([
    [profile("restricted"), "Profile restricted"],
    [resourceDocument("Baseline", "default", { policies: [] }), "Baseline default"],
  ])("cannot replace what is built in", (raw, key) => {
    expect(book().replaceFiles([resource(raw)])).toMatchObject([
      { message: `${key}: is built in and cannot be replaced; choose another name` },
    ]);
  });

  it.each<[string, readonly string[], string]>([
    ["one namespace uses", ["shop"], "namespace `shop` uses it"],
    ["two namespaces use", ["shop", "lab"], "2 namespaces such as `shop` use it"],
  ])("do not take away what %s", (_, users, who) => {
    const ruleBook = book();
    const usersOf = (key: string) => (key === "Profile ours" ? users : []);
    ruleBook.replaceFiles([resource(profile("ours", naming("allow-all")))]);
    const renamed = [resource(profile("usr", naming("open-world")))];
    expect(ruleBook.replaceFiles(renamed, usersOf).map(({ message }) => message)).toEqual([
      `Profile ours: is in no file any more, but ${who}`,
    ]);
    expect(rulesOf(ruleBook, "ours")).toEqual(["allow-all"]);
    expect(ruleBook.profiles.names()).not.toContain("usr");
    put(ruleBook, profile("ours", naming("open-world")));
    expect(ruleBook.replaceFiles(renamed, usersOf)).toEqual([]);
    expect(rulesOf(ruleBook, "ours")).toEqual(["open-world"]);
  });
});

describe("custom resources", () => {
  beforeEach(collectGarbage);

  it("come into force together where they come at one moment, soon or when somebody asks", async () => {
    const ruleBook = book();
    const changes: string[][] = [];
    ruleBook.onChange(() => changes.push([...ruleBook.profiles.names()]));
    put(ruleBook, profile("ours", { extends: "theirs" }));
    put(ruleBook, profile("theirs"));
    expect(changes).toEqual([]);
    await setImmediate();
    expect(changes).toEqual([["baseline", "ours", "restricted", "theirs"]]);
    put(ruleBook, profile("more"));
    expect(ruleBook.profiles.names()).toContain("more");
    ruleBook.delete("Profile more");
    ruleBook.settle();
    await setImmediate();
    expect(changes).toHaveLength(3);
  });

  it("are told of by their kinds, those of files by all", () => {
    const ruleBook = book();
    const told: string[][] = [];
    ruleBook.onChange((kinds) => told.push([...kinds].toSorted()));
    put(ruleBook, invariant("vault"));
    put(ruleBook, excuse({ rules: ["allow-all"] }));
    ruleBook.settle();
    ruleBook.delete("Exemption shop/e");
    ruleBook.settle();
    ruleBook.replaceFiles([resource(profile("ours"))]);
    expect(told).toEqual([
      ["Exemption", "Invariant"],
      ["Exemption"],
      ["Baseline", "Exemption", "Invariant", "Profile"],
    ]);
  });

  it("keep their last good version also where another came at the same moment", () => {
    const ruleBook = book();
    put(ruleBook, profile("ours", naming("allow-all")));
    put(ruleBook, profile("ours", { rulez: [] }));
    expect(rulesOf(ruleBook, "ours")).toEqual(["allow-all"]);
  });

  it.each<[string, (at: number) => ReturnType<typeof resourceDocument>, number]>([
    ["Exemptions", (at) => excuse({ rules: ["allow-all"] }, `team-${at}`), 5_000],
    ["Invariants", (at) => invariant(`i${at}`), 3_000],
    [
      "Baselines of hundreds of peers",
      (at) =>
        resourceDocument("Baseline", `b${at}`, {
          policies: Array.from({ length: 20 }, (_, policy) => ({
            name: `p${policy}`,
            spec: {
              podSelector: {},
              ingress: Array.from({ length: 15 }, (_none, peer) => ({
                from: [{ podSelector: { matchLabels: { [`key-${peer}`]: "$(namespace.name)" } } }],
              })),
            },
          })),
        }),
      200,
    ],
  ])("are listed and judged in seconds where there are many %s", async (_, make, count) => {
    const ruleBook = book();
    const all = Array.from({ length: count }, (_none, at) => make(at));
    const started = cpuMs();
    for (const raw of all) put(ruleBook, raw);
    await setImmediate();
    for (let at = count; at < count + 5; at += 1) {
      const another = resource(make(at));
      expect(ruleBook.judge(resourceKey(another), another)).toEqual([]);
    }
    expect(cpuMs() - started).toBeLessThan(3_000);
  });

  it("come into force one by one, and go", async () => {
    const ruleBook = book();
    const changes: string[][] = [];
    ruleBook.onChange(() => changes.push([...ruleBook.profiles.names()]));
    put(ruleBook, profile("ours", naming("allow-all")));
    await setImmediate();
    put(ruleBook, invariant("vault"));
    await setImmediate();
    put(ruleBook, resourceDocument("Baseline", "team", { policies: [] }));
    await setImmediate();
    put(ruleBook, excuse({ rules: ["allow-all"], invariants: ["vault"] }));
    expect(ruleBook.invariants().map(({ name }) => name)).toEqual(["vault"]);
    expect(ruleBook.exemptions().map(({ namespace }) => namespace)).toEqual(["shop"]);
    expect(ruleBook.problems()).toEqual(new Map());
    ruleBook.delete("Profile ours");
    expect(ruleBook.profiles.names()).toEqual(["baseline", "restricted"]);
    expect(changes).toHaveLength(5);
  });

  it("keep their last good version in force while they are broken, and say why", () => {
    const ruleBook = book();
    put(ruleBook, profile("ours", naming("allow-all")));
    put(ruleBook, profile("ours", naming("alow-all")));
    expect(rulesOf(ruleBook, "ours")).toEqual(["allow-all"]);
    expect(problemsOf(ruleBook, "Profile ours")).toEqual([
      "spec.rules[0].id: `alow-all` is no rule; did you mean `allow-all`?",
    ]);
    put(ruleBook, profile("ours", { rulez: [] }));
    expect(rulesOf(ruleBook, "ours")).toEqual(["allow-all"]);
    expect(problemsOf(ruleBook, "Profile ours")).toEqual([
      "spec.rulez: unknown field `rulez`; did you mean `rules`?",
    ]);
    put(ruleBook, profile("ours", naming("open-world")));
    expect(rulesOf(ruleBook, "ours")).toEqual(["open-world"]);
    expect(ruleBook.problems()).toEqual(new Map());
  });

  it("are not in force where they never were good", () => {
    const ruleBook = book();
    put(ruleBook, profile("ours", naming("no-such-rule")));
    expect(ruleBook.profiles.names()).not.toContain("ours");
    expect(problemsOf(ruleBook, "Profile ours")).toHaveLength(1);
  });

  it("cannot lose what they stand on because a file goes", () => {
    const ruleBook = book();
    ruleBook.replaceFiles([resource(resourceDocument("Baseline", "team", { policies: [] }))]);
    put(ruleBook, profile("ours", { baseline: "team" }));
    expect(ruleBook.replaceFiles([]).map(({ message }) => message)).toEqual([
      "Profile ours: there is no Baseline `team`",
    ]);
    expect(baselineOf(ruleBook, "ours")).toBe("team");
    ruleBook.delete("Profile ours");
    expect(ruleBook.replaceFiles([])).toEqual([]);
  });

  it("stand behind files and built-in resources of the same name", () => {
    const ruleBook = book();
    ruleBook.replaceFiles([resource(profile("ours", naming("allow-all")))]);
    put(ruleBook, profile("ours", naming("open-world")));
    put(ruleBook, profile("restricted", naming("open-world")));
    expect(rulesOf(ruleBook, "ours")).toEqual(["allow-all"]);
    expect(rulesOf(ruleBook, "restricted")).not.toEqual(["open-world"]);
    expect(problemsOf(ruleBook, "Profile ours")?.[0]).toContain("a file of the configuration");
    expect(problemsOf(ruleBook, "Profile restricted")?.[0]).toContain("is built in");
    ruleBook.replaceFiles([]);
    expect(rulesOf(ruleBook, "ours")).toEqual(["open-world"]);
  });
});

it("gives a namespace the baseline that it picks, else that of its profile, or says what there is not", () => {
  const ruleBook = book();
  put(ruleBook, resourceDocument("Baseline", "team", { policies: [] }));
  expect(baselineOf(ruleBook, "restricted")).toBe("default");
  expect(baselineOf(ruleBook, "restricted", "team")).toBe("team");
  expect(baselineOf(ruleBook, "restricted", "tema")).toBe("there is no Baseline `tema`");
  expect(baselineOf(ruleBook, "restrictde", "team")).toBe("there is no profile `restrictde`");
});

describe("a profile that extends another", () => {
  it("stands on twenty at most, however many are given at once", () => {
    const ruleBook = book();
    const chain = Array.from({ length: 3_000 }, (_, index) =>
      resource(
        profile(`p${index}`, index === 0 ? naming("allow-all") : { extends: `p${index - 1}` }),
      ),
    );
    for (const part of [chain, chain.toReversed()]) {
      const [problem, ...others] = ruleBook.replaceFiles(part);
      expect(problem).toMatchObject({
        path: "spec.extends",
        message: expect.stringContaining("stands on more than 20 profiles") as unknown,
      });
      expect(others).toHaveLength(3_000 - 22);
    }
    expect(ruleBook.replaceFiles(chain.slice(0, 21))).toEqual([]);
    expect(rulesOf(ruleBook, "p20")).toEqual(["allow-all"]);
  });

  it("has its rules and what else it says, and follows it", () => {
    const ruleBook = book();
    put(ruleBook, resourceDocument("Baseline", "team", { policies: [] }));
    put(
      ruleBook,
      profile("parent", { ...naming("open-world"), baseline: "team", announceChanges: false }),
    );
    put(ruleBook, profile("child", { ...naming("allow-all"), extends: "parent" }));
    put(ruleBook, profile("grandchild", { extends: "child", announceChanges: true }));
    expect(ruleBook.profiles.get("child")).toMatchObject({
      baseline: "team",
      announceChanges: false,
    });
    expect(ruleBook.profiles.get("grandchild")?.announceChanges).toBe(true);
    expect(baselineOf(ruleBook, "grandchild")).toBe("team");
    expect(rulesOf(ruleBook, "grandchild")).toEqual(["allow-all", "open-world"]);
    put(ruleBook, profile("parent", naming("named-port")));
    expect(rulesOf(ruleBook, "grandchild")).toEqual(["allow-all", "named-port"]);
    expect(baselineOf(ruleBook, "grandchild")).toBe("default");
  });

  it("goes on with its parent's last good version, or with what it was when it is gone", () => {
    const ruleBook = book();
    put(ruleBook, profile("parent", naming("open-world")));
    put(ruleBook, profile("child", { extends: "parent" }));
    put(ruleBook, profile("parent", naming("no-such-rule")));
    expect(rulesOf(ruleBook, "child")).toEqual(["open-world"]);
    expect([...ruleBook.problems().keys()]).toEqual(["Profile parent"]);
    ruleBook.delete("Profile parent");
    expect(rulesOf(ruleBook, "child")).toEqual(["open-world"]);
    expect(ruleBook.profiles.names()).not.toContain("parent");
  });

  it.each<[string, readonly ReturnType<typeof resourceDocument>[], string]>([
    ["nothing", [profile("a", { extends: "b" })], "spec.extends: there is no profile `b`"],
    [
      "itself in the end",
      [profile("a", { extends: "b" }), profile("b", { extends: "a" })],
      "spec.extends: `a` extends this profile in turn",
    ],
    [
      "one that cannot be used",
      [profile("a", { extends: "b" }), profile("b", naming("no-such-rule"))],
      "spec.extends: profile `b` cannot be used itself",
    ],
    [
      "what is spelled nearly so",
      [profile("a", { extends: "restrictd" }), profile("restricts", { extends: "restrictd" })],
      "spec.extends: there is no profile `restrictd`; did you mean `restricted`?",
    ],
    [
      "none, but names a baseline that there is not",
      [profile("a", { baseline: "team" })],
      "spec.baseline: there is no Baseline `team`",
    ],
  ])("cannot extend %s", (_, given, expected) => {
    const ruleBook = book();
    for (const raw of given) put(ruleBook, raw);
    expect(
      [...ruleBook.problems().values()].flat().map((one) => `${one.path}: ${one.message}`),
    ).toContain(expected);
    expect(ruleBook.profiles.names()).not.toContain("a");
  });
});

it("tells all that is wrong with a profile at once, though it stands on nothing", () => {
  const ruleBook = book();
  const wrong = { extends: "baselin", baseline: "defualt", ...naming("every-prot") };
  put(ruleBook, profile("a", wrong));
  expect(problemsOf(ruleBook, "Profile a")).toEqual([
    "spec.extends: there is no profile `baselin`; did you mean `baseline`?",
    "spec.baseline: there is no Baseline `defualt`; did you mean `default`?",
    "spec.rules[0].id: `every-prot` is no rule; did you mean `every-port`?",
  ]);
});

describe("an exemption", () => {
  it.each<[string, object, readonly string[]]>([
    [
      "from what there is not",
      excuse({ rules: ["no-such-rule"], invariants: ["vault"] }),
      [
        "spec.rules[0]: `no-such-rule` is no rule",
        "spec.invariants[0]: there is no Invariant `vault`",
      ],
    ],
    [
      "from what keeps Ringfence in place",
      excuse({ rules: ["self-lockout", "opt-out"] }),
      [
        "spec.rules[0]: nobody can be excused from `self-lockout`",
        "spec.rules[1]: nobody can be excused from `opt-out`",
      ],
    ],
    [
      "for other namespaces than its own",
      excuse({ rules: ["allow-all"], namespaceSelector: {} }),
      ["spec.namespaceSelector: is allowed in namespace `ringfence-system` alone"],
    ],
    [
      "for others from Ringfence's own",
      excuse({ rules: ["allow-all"], namespaceSelector: {} }, "ringfence-system"),
      [],
    ],
  ])("%s", (_, raw, expected) => {
    const given = resource(raw);
    const problems = book().judge(resourceKey(given), given);
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
  });
});

describe("judging a change of a resource", () => {
  const full = (): RuleBook => {
    const ruleBook = book();
    put(ruleBook, resourceDocument("Baseline", "team", { policies: [] }));
    put(ruleBook, profile("parent", { baseline: "team" }));
    put(ruleBook, profile("child", { extends: "parent" }));
    put(ruleBook, profile("odd", naming("no-such-rule")));
    return ruleBook;
  };

  it.each<[string, string, Resource | null, readonly string[]]>([
    ["one that is right", "Profile x", resource(profile("x")), []],
    [
      "one that is broken, whatever else is",
      "Profile x",
      resource(profile("x", naming("nope"))),
      ["`nope` is no rule"],
    ],
    [
      "a built-in one",
      "Profile baseline",
      resource(profile("baseline")),
      ["is built in and cannot be replaced; choose another name"],
    ],
    [
      "taking away what others name",
      "Baseline team",
      null,
      [
        "Profile parent: there is no Baseline `team`",
        "Profile child: profile `parent` cannot be used itself",
      ],
    ],
    ["taking away what nobody names", "Profile child", null, []],
  ])("tells what is wrong with %s", (_, key, given, expected) => {
    const ruleBook = full();
    expect(ruleBook.judge(key, given).map(({ message }) => message)).toEqual(expected);
    expect(ruleBook.profiles.names()).toContain("child");
  });
});

it("a listener that fails at the end of a list is a rejection, which a process can log and go on", async () => {
  const ruleBook = book();
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  try {
    const rejected = new Promise((resolve) => process.once("unhandledRejection", resolve));
    ruleBook.onChange(() => {
      throw new TypeError("a defect");
    });
    put(ruleBook, profile("ours", naming("allow-all")));
    expect(await rejected).toMatchObject({ message: "a defect" });
    expect(rulesOf(ruleBook, "ours")).toContain("allow-all");
  } finally {
    for (const listener of others) process.on("unhandledRejection", listener);
  }
});
