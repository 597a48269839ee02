import { expect, it } from "vitest";
import { parseCidr } from "../../src/engine/address.ts";
import { parseService } from "../../src/wire/service.ts";
import { ServiceIndex } from "../../src/wire/service-index.ts";

function service(
  key: string,
  ...clusterIPs: readonly string[]
): Parameters<ServiceIndex["upsert"]>[0] {
  const [namespace, name] = key.split("/");
  const read = parseService({ metadata: { namespace, name }, spec: { clusterIPs } });
  if (!read.ok) throw new Error(key);
  return read.value;
}

const index = new ServiceIndex();
const namesIn = (namespace: string): readonly string[] =>
  Array.from(index.of(namespace), ({ name }) => name);
const at = (cidr: string): string | undefined => {
  const range = parseCidr(cidr);
  if (range === null) throw new Error(cidr);
  return index.withAddressIn(range)?.name;
};

it("finds Services by namespace and by address, as they come and go", () => {
  expect([namesIn("shop"), at("0.0.0.0/0")]).toEqual([[], undefined]);
  index.upsert(service("shop/web", "10.96.0.7", "fd00:96::7"));
  index.upsert(service("shop/db", "10.96.1.1"));
  index.upsert(service("dev/headless"));
  expect([namesIn("shop"), namesIn("dev"), namesIn("other")]).toEqual([
    ["web", "db"],
    ["headless"],
    [],
  ]);
  expect(
    ["10.96.0.7/32", "10.96.1.0/24", "fd00::/8", "10.96.2.0/24", "10.95.0.0/16"].map(at),
  ).toEqual(["web", "db", "web", undefined, undefined]);
  index.upsert(service("shop/web", "10.96.9.9"));
  expect([at("10.96.0.7/32"), at("10.96.9.9/32")]).toEqual([undefined, "web"]);
  for (const key of ["shop/web", "shop/db", "dev/unknown"]) index.delete(key);
  expect([namesIn("shop"), at("10.0.0.0/8")]).toEqual([[], undefined]);
});
