import { describe, expect, it } from "vitest";
import { z } from "zod";
import { expectGolden, goldenFiles } from "./golden.ts";
import { runCli } from "./run-cli.ts";

const AILING = "test/cli/fixtures/ailing.yaml";

describe("the doctor", () => {
  const cases = [
    { golden: "doctor.txt", flags: "-A", code: 1 },
    { golden: "doctor.json", flags: "-A -o json", code: 1 },
  ];
  it.for(cases)("finds what is wrong: $flags", async ({ golden, flags, code }) => {
    const result = await runCli(["doctor", "--manifests", AILING, ...flags.split(" ")]);
    expect(result).toMatchObject({ code, stderr: "" });
    expectGolden(golden, result.stdout);
  });

  it("has a case for every golden file", () => {
    expect(goldenFiles("doctor")).toEqual(cases.map(({ golden }) => golden).toSorted());
  });

  it.each([
    ["calico-node", "ok"],
    ["antrea-agent", "ok"],
    ["cilium", "ok"],
    ["kindnet", "unknown"],
    ["kube-flannel-ds", "problem"],
    ["node-exporter", "unknown"],
  ])("says of %s whether it enforces policies: %s", async (name, status) => {
    const spec = { template: { spec: { hostNetwork: true } } };
    const agent = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name }, spec };
    const input = JSON.stringify(agent);
    const { stdout } = await runCli(["doctor", "--manifests", "-", "-o", "json"], { input });
    const { checks } = z
      .object({ checks: z.array(z.object({ check: z.string(), status: z.string() })) })
      .parse(JSON.parse(stdout));
    expect(checks[0]).toEqual({ check: "enforcement", status });
  });

  it("is content where nothing is wrong", async () => {
    const shop = ["--manifests", "examples/shop/cluster", "-n", "staging"];
    const result = await runCli(["doctor", ...shop]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
  });

  it("names the policies there are", async () => {
    const result = await runCli(["doctor", "--manifests", AILING, "--policy", "shop/typpo"]);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain("there is no policy `shop/typpo`; did you mean `shop/typo`?");
  });
});
