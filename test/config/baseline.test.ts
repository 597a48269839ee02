import { expect, it } from "vitest";
import {
  baselineRevision,
  type DnsTarget,
  isLeftAlone,
  renderBaseline,
} from "../../src/config/baseline.ts";
import { parseNetworkPolicy } from "../../src/wire/network-policy.ts";
import { describePolicy, succeed } from "../wire/describe-policy.ts";

const dns: DnsTarget = {
  namespace: "kube-system",
  podLabels: { "k8s-app": "kube-dns" },
  addresses: ["169.254.20.10", "fd00::10"],
  ports: [53, 5353],
};

it("denies both directions and allows DNS over UDP and TCP, as the engine reads it", () => {
  const policies = renderBaseline({ namespace: "shop", dns }).map((raw) => {
    const { policy, manifest } = succeed(parseNetworkPolicy(raw));
    expect(manifest.metadata.labels).toEqual({
      "app.kubernetes.io/managed-by": "ringfence",
      "ringfence.dev/baseline": "default",
    });
    return [policy.name, ...describePolicy(policy)];
  });
  expect(policies).toEqual([
    ["default-deny", "subject shop {}", "ingress isolates", "egress isolates"],
    [
      "allow-dns",
      "subject shop {}",
      "egress isolates",
      "spec.egress[0] Accept [namespaces {kubernetes.io/metadata.name=kube-system} {k8s-app=kube-dns} | 169.254.20.10/32 | fd00::10/128] on [UDP:53-53 TCP:53-53 UDP:5353-5353 TCP:5353-5353]",
    ],
  ]);
});

it("has a revision that changes with what it says, and with nothing else", () => {
  const revision = baselineRevision(dns);
  expect(revision).toMatch(/^[0-9a-f]{12}$/);
  expect(baselineRevision({ ...dns, ports: [5353, 53] })).toBe(revision);
  expect(baselineRevision({ ...dns, ports: [] })).not.toBe(revision);
});

it.each(["kube-system", "kube-public", "kube-node-lease", "guard"])("leaves %s alone", (name) => {
  expect(isLeftAlone(name, "guard")).toBe(true);
  expect(isLeftAlone("shop", "guard")).toBe(false);
});
