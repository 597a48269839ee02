import { describe, expect, it } from "vitest";
import {
  followDnsPorts,
  readDnsEndpoints,
  readEndpointAddresses,
} from "../../src/cluster/dns-endpoints.ts";
import { formatAddress, parseAddress } from "../../src/engine/address.ts";

const udp = (port: number, name = "dns"): object => ({ name, protocol: "UDP", port });
const tcp = (port: number, name: string): object => ({ name, port });
const address = { ip: "10.0.0.10" };
const ofPod = {
  ip: "10.0.0.11",
  targetRef: { kind: "Pod", namespace: "kube-system", name: "coredns-1" },
};

describe("the endpoints of DNS", () => {
  it.each([
    {
      name: "kube-dns",
      ports: [udp(53), tcp(53, "dns-tcp"), tcp(9153, "metrics")],
      expected: [53, 53],
    },
    {
      name: "OpenShift",
      ports: [udp(5353), tcp(9154, "metrics"), tcp(5353, "dns-tcp")],
      expected: [5353, 5353],
    },
    { name: "RKE2", ports: [udp(53, "udp-53"), tcp(53, "tcp-53")], expected: [53, 53] },
    {
      name: "other ports for each protocol",
      ports: [udp(53), tcp(5353, "dns-tcp")],
      expected: [53, 5353],
    },
    { name: "UDP alone", ports: [udp(53), tcp(9153, "metrics")], expected: [53, null] },
    { name: "TCP alone", ports: [tcp(53, "dns-tcp")], expected: [null, 53] },
    { name: "no ports", ports: undefined, expected: [null, null] },
  ])("finds the ports of $name", ({ ports, expected }) => {
    const [udpPort, tcpPort] = expected;
    expect(readDnsEndpoints({ subsets: [{ addresses: [ofPod], ports }] })).toEqual([
      { end: { kind: "pod", key: "kube-system/coredns-1" }, udpPort, tcpPort },
    ]);
  });

  it("takes an address that is no pod's as it is, and those not ready too", () => {
    const subsets = [{ addresses: [address], notReadyAddresses: [ofPod], ports: [udp(53)] }];
    expect(readDnsEndpoints({ subsets }).map(({ end }) => end)).toEqual([
      { kind: "address", address: parseAddress("10.0.0.10") },
      { kind: "pod", key: "kube-system/coredns-1" },
    ]);
  });

  it.each([
    { name: "no object", raw: undefined },
    { name: "no subsets", raw: { subsets: null } },
    { name: "an address that is none", raw: { subsets: [{ addresses: [{ ip: "x" }] }] } },
  ])("knows none from $name", ({ raw }) => {
    expect(readDnsEndpoints(raw)).toEqual([]);
    expect(readEndpointAddresses(raw)).toEqual([]);
  });

  it("keeps the ports while there is nobody to listen, and follows them when there is", () => {
    let endpoints = readDnsEndpoints(undefined);
    const ports = followDnsPorts(() => endpoints);
    expect(ports()).toEqual([]);
    const listening = (...given: readonly object[]): void => {
      endpoints = readDnsEndpoints({ subsets: [{ addresses: [ofPod], ports: given }] });
    };
    listening(udp(5353), tcp(5353, "dns-tcp"));
    expect(ports()).toEqual([5353, 5353]);
    endpoints = readDnsEndpoints({ subsets: [] });
    expect(ports()).toEqual([5353, 5353]);
    listening(udp(53));
    expect(ports()).toEqual([53]);
  });

  it("reads all addresses of both families", () => {
    const subsets = [{ addresses: [address, { ip: "fd00::1" }] }, { addresses: [ofPod] }];
    expect(readEndpointAddresses({ subsets }).map(formatAddress)).toEqual([
      "10.0.0.10",
      "fd00::1",
      "10.0.0.11",
    ]);
  });
});
