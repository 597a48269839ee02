import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { builtInProfiles } from "../../src/resources/profile.ts";
import { BUILT_IN_PROFILES } from "../../src/rules/names.ts";
import { VALIDATORS } from "../../src/validators/index.ts";
import { resourceDocument } from "../support/documents.ts";
import { type CliResult, runCli } from "./run-cli.ts";

type Labels = Readonly<Record<string, string>>;

const ENFORCED = { "ringfence.dev/profile": "restricted" };
const namespace = (labels: Labels, name = "shop"): object => {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
};
const pod = (name: string, of = "shop"): object => {
  const metadata = { name, namespace: of, labels: { app: name } };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: {} };
};
const policy = (name: string, spec: object): object => {
  const metadata = { name, namespace: "shop" };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec };
};
const DNS = [
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } },
    spec: { containers: [{ name: "dns", ports: [{ containerPort: 5353, name: "dns" }] }] },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "kube-dns", namespace: "kube-system" },
    spec: {
      selector: { "k8s-app": "kube-dns" },
      ports: [{ name: "dns-tcp", port: 53, targetPort: 5353, protocol: "TCP" }],
    },
  },
];
const BOTH = "Ringfence adds default-deny and allow-dns to namespace shop";

function yaml(objects: readonly object[]): string {
  return objects.map((object) => JSON.stringify(object)).join("\n---\n");
}

async function simulate(objects: readonly object[], flow: string): Promise<CliResult> {
  const args = ["simulate", "--manifests", "-", ...flow.split(" "), "-o", "json"];
  return runCli(args, { input: yaml(objects) });
}

describe("a namespace of manifests that opts in is judged with its baseline", () => {
  const [web, api] = [pod("web"), pod("api")];
  const toApi = "--src-pod shop/web --dst-pod shop/api --port 80";
  const toDns = "--src-pod shop/web --dst-service kube-system/kube-dns --port 53";
  it.each([
    { name: "denied by default", objects: [namespace(ENFORCED), web, api], flow: toApi, code: 1 },
    {
      name: "DNS is allowed, at the port it really listens on",
      objects: [namespace(ENFORCED), web, ...DNS],
      flow: toDns,
      code: 0,
    },
    {
      name: "what the manifests hold is not added",
      objects: [namespace(ENFORCED), web, ...DNS, policy("allow-dns", { podSelector: {} })],
      flow: toDns,
      code: 1,
      assumption: "Ringfence adds default-deny to namespace shop",
    },
    {
      name: "a mode that nobody knows enforces",
      objects: [namespace({ ...ENFORCED, "ringfence.dev/mode": "wran" }), web, api],
      flow: toApi,
      code: 1,
    },
    {
      name: "a roll-out gets none",
      objects: [namespace({ ...ENFORCED, "ringfence.dev/mode": "warn" }), web, api],
      flow: toApi,
      code: 0,
      assumption: null,
    },
    {
      name: "nor does a namespace that has not opted in",
      objects: [namespace({}), web, api],
      flow: toApi,
      code: 0,
      assumption: null,
    },
    {
      name: "nor the system's own",
      objects: [
        namespace(ENFORCED, "kube-system"),
        pod("web", "kube-system"),
        pod("api", "kube-system"),
      ],
      flow: "--src-pod web --dst-pod api --port 80",
      code: 0,
      assumption: null,
    },
    {
      name: "and it is not said where it is about neither end",
      objects: [namespace(ENFORCED), web, pod("x", "dev"), pod("y", "dev")],
      flow: "--src-pod dev/x --dst-pod dev/y --port 80",
      code: 0,
      assumption: null,
    },
  ])("$name", async ({ objects, flow, code, assumption = BOTH }) => {
    const result = await simulate(objects, flow);
    expect(result).toMatchObject({ code, stderr: "" });
    const { assumptions } = z
      .object({ assumptions: z.array(z.string()) })
      .parse(JSON.parse(result.stdout));
    const said = assumptions.filter((text) => text.startsWith("Ringfence"));
    expect(said).toEqual(assumption === null ? [] : [assumption]);
  });

  it("and a diagnosis says so as well", async () => {
    const args = ["doctor", "-n", "shop", "--manifests", "-"];
    const { stdout } = await runCli(args, { input: yaml([namespace(ENFORCED), web, api]) });
    expect(stdout).toContain(BOTH);
  });

  it("takes the files of -f as they will be: what opting in closes", async () => {
    const input = yaml([namespace(ENFORCED)]);
    const joins = await diffOver([namespace({}), web, api], input);
    expect(joins).toMatchObject({ code: 1 });
    expect(joins.stdout).toMatch(/- +shop\/web\[Pod\] +→ +shop\/api\[Pod\] +all ports/);
    expect(joins.stdout).toContain(BOTH);
  });

  it("leaves the policies where a namespace softens its mode or opts out", async () => {
    for (const labels of [{ ...ENFORCED, "ringfence.dev/mode": "warn" }, {}]) {
      const result = await diffOver([namespace(ENFORCED), web, api], yaml([namespace(labels)]));
      // Nothing opens or closes, but nobody may do that.
      expect(result).toMatchObject({ code: 1 });
      expect(result.stdout).toContain("no connection is opened or closed");
      expect(result.stdout).toContain(BOTH);
    }
  });

  it("takes the baseline that the profile names, where --config has it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ringfence-baseline-"));
    onTestFinished(async () => rm(folder, { recursive: true, force: true }));
    const own = [
      resourceDocument("Profile", "house", { baseline: "walls", rules: [] }),
      resourceDocument("Baseline", "walls", {
        policies: [{ name: "no-way-in", spec: { podSelector: {}, ingress: [] } }],
      }),
    ];
    await writeFile(join(folder, "house.yaml"), yaml(own));
    const house = namespace({ "ringfence.dev/profile": "house" });
    const input = yaml([house, web, api]);
    const args = ["check", "-", "-o", "json"];
    const known = await runCli([...args, "--config", folder], { input });
    expect(JSON.parse(known.stdout)).toMatchObject({
      findings: [],
      assumptions: ["Ringfence adds no-way-in to namespace shop"],
    });
    const unknown = await simulate([house, web, api], toApi);
    expect(unknown).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(unknown.stdout)).toMatchObject({
      assumptions: [
        "namespace shop gets no baseline, since it is not known: there is no profile `house` here",
      ],
    });
  });

  it("knows the profiles that are always there", () => {
    const names = builtInProfiles(VALIDATORS).map(({ name }) => name);
    expect(names).toEqual(BUILT_IN_PROFILES);
  });

  it("does not judge, count or print what nobody wrote", async () => {
    const input = yaml([namespace(ENFORCED), web, api, policy("web", { podSelector: {} })]);
    const check = await runCli(["check", "-"], { input });
    expect(check.stdout).toContain("in 1 policy\n");
    const fix = await runCli(["audit", "--manifests", "-", "--fix"], { input });
    expect(fix.stdout).toContain(`# Assuming that ${BOTH}.\n`);
    expect(fix.stdout).not.toContain("name: allow-dns");
  });
});

async function diffOver(objects: readonly object[], input: string): Promise<CliResult> {
  const folder = await mkdtemp(join(tmpdir(), "ringfence-baseline-"));
  try {
    await writeFile(join(folder, "all.yaml"), yaml(objects));
    return await runCli(["diff", "--manifests", folder, "-f", "-"], { input });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
