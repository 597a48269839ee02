import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { SETTINGS } from "../../src/config/settings.ts";
import { complaints, succeed } from "../wire/describe-policy.ts";

const folder = mkdtempSync(join(tmpdir(), "ringfence-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
const written = (text: string): string => {
  const path = join(folder, "config.yaml");
  writeFileSync(path, text);
  return path;
};

describe("--help", () => {
  it.each([["--help"], ["-h"], ["--log-level=loud", "--help"]])(
    "prints every flag, and does not start: %s",
    (...argv) => {
      const main = join(import.meta.dirname, "../../src/main.ts");
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...argv], {
        encoding: "utf8",
      });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      for (const { flag } of SETTINGS) expect(stdout).toMatch(new RegExp(`^  ${flag}( |$)`, "m"));
      expect(stdout).toContain("docs/reference/config.md");
    },
  );
});

describe("where a setting comes from", () => {
  it("has a default for everything, and is frozen", () => {
    const config = succeed(loadConfig([], {}));
    expect(config).toMatchObject({
      webhookPort: 9443,
      healthPort: 8081,
      metricsPort: 8080,
      dataplane: "auto",
      dnsNamespace: "kube-system",
      dnsPodLabels: { "k8s-app": "kube-dns" },
      dnsAddresses: ["169.254.20.10"],
      ownNamespace: "ringfence-system",
      ownUsername: "system:serviceaccount:ringfence-system:ringfence",
      onNotSynced: "deny",
      onStale: "deny",
      onDeadline: "deny",
      policyPartsLimit: 30_000,
      onTooLarge: "deny",
      kubeconfig: null,
      leaderElection: true,
      identity: hostname(),
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.dnsAddresses)).toBe(true);
  });

  it("takes flags before variables before the file", () => {
    const file = written("webhookPort: 1\nhealthPort: 1\nmetricsPort: 1\n");
    const env = { RINGFENCE__WEBHOOK_PORT: "2", RINGFENCE__HEALTH_PORT: "2" };
    const config = succeed(loadConfig(["--config", file, "--webhook-port=3"], env));
    expect(config).toMatchObject({ webhookPort: 3, healthPort: 2, metricsPort: 1 });
  });

  it("takes the file from the environment", () => {
    const env = { RINGFENCE__CONFIG: written("logLevel: debug") };
    expect(succeed(loadConfig([], env)).logLevel).toBe("debug");
  });

  it("takes an empty file for one without settings", () => {
    expect(loadConfig(["--config", written("# nothing yet\n")], {}).ok).toBe(true);
  });

  it("leaves other variables alone, those of Services above all", () => {
    const env = { RINGFENCE_WEBHOOK_PORT: "tcp://10.96.0.1:443", HOME: "/root" };
    expect(succeed(loadConfig([], env)).webhookPort).toBe(9443);
  });

  it("derives the user name from the namespace, unless it is given", () => {
    const derived = succeed(loadConfig(["--own-namespace", "guard"], {}));
    expect(derived.ownUsername).toBe("system:serviceaccount:guard:ringfence");
    const given = succeed(loadConfig(["--own-username", "admin", "--identity=me"], {}));
    expect(given).toMatchObject({ ownUsername: "admin", identity: "me" });
  });
});

describe("values as text", () => {
  it.each<[string, string, object]>([
    ["a truth", "--leader-election=true", { leaderElection: true }],
    ["an untruth", "--leader-election=false", { leaderElection: false }],
    ["a list", "--dns-addresses=10.0.0.10,fd00::10", { dnsAddresses: ["10.0.0.10", "fd00::10"] }],
    ["an empty list", "--dns-addresses=", { dnsAddresses: [] }],
    [
      "labels",
      "--dns-pod-labels=app=dns,x.io/y=a=b",
      { dnsPodLabels: { app: "dns", "x.io/y": "a=b" } },
    ],
    ["a path", "--kubeconfig=/etc/kube config", { kubeconfig: "/etc/kube config" }],
  ])("%s", (_name, flag, expected) => {
    expect(succeed(loadConfig([flag], {}))).toMatchObject(expected);
  });
});

describe("what is wrong is named, and the process does not start", () => {
  it.each<[string, readonly string[], Readonly<Record<string, string>>, readonly string[]]>([
    [
      "a flag that there is not",
      ["--webhok-port=1"],
      {},
      ["--webhok-port: there is no such flag; did you mean `--webhook-port`?"],
    ],
    ["an argument", ["serve"], {}, ["serve: there is no such flag"]],
    [
      "arguments after --",
      ["--", "x"],
      {},
      ["--: there is no such flag", "x: there is no such flag"],
    ],
    ["a flag without its value", ["--log-level"], {}, ["--log-level: needs a value"]],
    [
      "a variable that there is not",
      [],
      { RINGFENCE__WEBHOK_PORT: "1" },
      [
        "RINGFENCE__WEBHOK_PORT: there is no such variable; did you mean `RINGFENCE__WEBHOOK_PORT`?",
      ],
    ],
    [
      "a limit that a quiet cluster would pass every minute",
      ["--staleness-limit-ms=60000"],
      {},
      ["--staleness-limit-ms: needs 120000 or more"],
    ],
    ["a port that is none", ["--webhook-port", "x"], {}, ["--webhook-port: `x` is not a number"]],
    [
      "a value of a variable",
      [],
      { RINGFENCE__ON_STALE: "allow" },
      ["RINGFENCE__ON_STALE: `allow` is not one of `deny`, `warn`"],
    ],
    [
      "neither true nor false",
      ["--leader-election=no"],
      {},
      ["--leader-election: `no` is not `true` or `false`"],
    ],
    [
      "a label without a value",
      ["--dns-pod-labels=app"],
      {},
      ["--dns-pod-labels: is missing; expected a string"],
    ],
    [
      "an address that is none",
      ["--dns-addresses=10.0.0.10,dns"],
      {},
      ["--dns-addresses: `dns` is not an IP address"],
    ],
    [
      "a file that is not there",
      ["--config=/nowhere.yaml"],
      {},
      ["/nowhere.yaml: cannot be read: ENOENT: no such file or directory, open '/nowhere.yaml'"],
    ],
  ])("%s", (_name, argv, env, expected) => {
    const config = loadConfig(argv, env);
    expect(complaints(config)).toEqual(expected);
    const codes = config.ok ? [] : config.error.map(({ code }) => code);
    expect(new Set(codes)).toEqual(new Set(["NP_E_CONFIG"]));
  });

  it.each<[string, string, readonly string[]]>([
    [
      "a typo",
      "logLevel: info\nwebhokPort: 1\n",
      ["FILE:2 webhokPort: unknown field `webhokPort`; did you mean `webhookPort`?"],
    ],
    [
      "a value inside a value",
      "dnsPodLabels:\n  app: dns\n  k8s-app: 3\n",
      ['FILE:3 dnsPodLabels["k8s-app"]: `3` is not a string; put it in quotes'],
    ],
    [
      "an item of a list",
      "dnsAddresses:\n  - 10.0.0.10\n  - dns\n",
      ["FILE:3 dnsAddresses[1]: `dns` is not an IP address"],
    ],
    [
      "no YAML",
      "a: [1\nb: 2\n",
      ["FILE:2: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ],
    ["a list", "- webhookPort: 1\n", ["FILE: is not one document of settings"]],
    [
      "two documents",
      "logLevel: info\n---\nlogLevel: warn\n",
      ["FILE: is not one document of settings"],
    ],
  ])("in the file, with its line: %s", (_name, text, expected) => {
    const file = written(text);
    const told = complaints(loadConfig(["--config", file], {}));
    expect(told.map((line) => line.replace(file, "FILE"))).toEqual(expected);
  });

  it("all at once", () => {
    const file = written("dataplane: flannel\n");
    const config = loadConfig([`--config=${file}`, "--metrics-port=99999"], { RINGFENCE__X: "" });
    expect(complaints(config)).toHaveLength(3);
  });
});

it("describes every setting for the reference", () => {
  expect(SETTINGS.length).toBeGreaterThan(20);
  for (const { description, flag, variable } of SETTINGS) {
    expect(description).toMatch(/^[A-Z].*\.$/s);
    expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*$/);
    expect(variable).toMatch(/^RINGFENCE__[A-Z]+(_[A-Z]+)*$/);
  }
  const defaults = SETTINGS.filter((setting) => setting.default !== "");
  const argv = defaults.flatMap((setting) => [setting.flag, setting.default]);
  expect(loadConfig(argv, {})).toEqual(loadConfig([], {}));
});
