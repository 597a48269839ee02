import { expect, it } from "vitest";
import { followDnsPorts } from "../../src/cluster/dns-ports.ts";

it("keeps the ports while there is nobody to listen, and follows them when there is", () => {
  let endpoints: readonly { udpPort: number | null; tcpPort: number | null }[] = [];
  const ports = followDnsPorts(() => endpoints);
  expect(ports()).toEqual([]);
  endpoints = [{ udpPort: 5353, tcpPort: 5353 }];
  expect(ports()).toEqual([5353, 5353]);
  endpoints = [];
  expect(ports()).toEqual([5353, 5353]);
  endpoints = [{ udpPort: 53, tcpPort: null }];
  expect(ports()).toEqual([53]);
});
