import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/engine/address.ts";
import { parseService } from "../../src/wire/service.ts";
import { succeed } from "./describe-policy.ts";

const metadata = { name: "web", namespace: "shop" };

describe("a Service", () => {
  it.each([
    { name: "none is `port`", targetPort: undefined, expected: 80 },
    { name: "null is `port`", targetPort: null, expected: 80 },
    { name: "0, as the API server writes none, is `port`", targetPort: 0, expected: 80 },
    { name: "an empty name, none to the API server, is `port`", targetPort: "", expected: 80 },
    { name: "a number", targetPort: 8080, expected: 8080 },
    { name: "a name", targetPort: "http", expected: "http" },
  ])("targetPort: $name", ({ targetPort, expected }) => {
    const service = succeed(
      parseService({ metadata, spec: { ports: [{ port: 80, targetPort }] } }),
    );
    expect(service.ports).toEqual([{ name: "", protocol: "TCP", port: 80, targetPort: expected }]);
  });

  it.each([
    { name: "a selector", selector: { app: "web" }, expected: new Map([["app", "web"]]) },
    { name: "an empty one is none", selector: {}, expected: null },
    { name: "none", selector: undefined, expected: null },
  ])("$name", ({ selector, expected }) => {
    expect(succeed(parseService({ metadata, spec: { selector } })).selector).toEqual(expected);
  });

  it.each([
    { type: undefined, policy: undefined, hides: false },
    { type: "ClusterIP", policy: "Cluster", hides: false },
    { type: "NodePort", policy: undefined, hides: true },
    { type: "LoadBalancer", policy: "Cluster", hides: true },
    { type: "LoadBalancer", policy: "Local", hides: false },
    { type: "ClusterIP", policy: "Cluster", externalIPs: ["203.0.113.7"], hides: true },
    { type: "ClusterIP", policy: "Local", externalIPs: ["203.0.113.7"], hides: false },
  ])("$type $externalIPs with $policy hides its clients: $hides", (row) => {
    const { type, policy, externalIPs, hides } = row;
    const spec = { type, externalTrafficPolicy: policy, externalIPs };
    expect(succeed(parseService({ metadata, spec })).hidesClients).toBe(hides);
  });

  it.each([
    {
      spec: { clusterIP: "10.96.0.7", clusterIPs: ["10.96.0.7", "fd00::7"] },
      count: 2,
      isHeadless: false,
    },
    { spec: { clusterIP: "10.96.0.7" }, count: 1, isHeadless: false },
    { spec: { clusterIP: "None", clusterIPs: ["None"] }, count: 0, isHeadless: true },
    { spec: { clusterIP: "None" }, count: 0, isHeadless: true },
    { spec: {}, count: 0, isHeadless: false },
  ])("$spec are $count addresses, headless: $isHeadless", ({ spec, count, isHeadless }) => {
    const service = succeed(parseService({ metadata, spec }));
    expect(service.addresses).toHaveLength(count);
    expect(service.isHeadless).toBe(isHeadless);
  });

  it.each([
    { spec: { ipFamilies: ["IPv4"] }, families: [4] },
    { spec: { ipFamilies: ["IPv6", "IPv4"] }, families: [6, 4] },
    { spec: { ipFamilies: null }, families: [] },
    { spec: {}, families: [] },
  ])("$spec is of the families $families", ({ spec, families }) => {
    expect(succeed(parseService({ metadata, spec })).families).toEqual(families);
  });

  const ingress = [{ ip: "198.51.100.7" }, { hostname: "lb.example.com" }];
  it.each([
    { spec: { externalIPs: ["203.0.113.7", "nonsense"] }, outer: ["203.0.113.7"] },
    { status: { loadBalancer: { ingress } }, outer: ["198.51.100.7"] },
    {
      status: { loadBalancer: { ingress: [{ ip: "fd00::7", ipMode: "VIP" }] } },
      outer: ["fd00::7"],
    },
    { status: { loadBalancer: { ingress: [{ ip: "198.51.100.7", ipMode: "Proxy" }] } }, outer: [] },
    { status: { loadBalancer: {} }, outer: [] },
    { status: null, outer: [] },
  ])("$spec $status has the addresses $outer outside", ({ outer, ...parts }) => {
    const { outerAddresses } = succeed(parseService({ metadata, ...parts }));
    expect(outerAddresses).toEqual(outer.map(parseAddress));
  });

  it("takes the namespace it is given, else `default`", () => {
    const raw = { metadata: { name: "web" } };
    expect(succeed(parseService(raw, "dev")).namespace).toBe("dev");
    expect(succeed(parseService(raw))).toMatchObject({ namespace: "default", ports: [] });
  });

  it("names what is wrong", () => {
    const read = parseService({ metadata, spec: { ports: [{ port: 0 }] } });
    expect(read).toMatchObject({ ok: false, error: [{ path: "spec.ports[0].port" }] });
  });
});
