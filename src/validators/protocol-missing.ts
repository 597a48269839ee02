import { z } from "zod";
import { DIRECTIONS } from "../engine/model.ts";
import { addAt } from "../rules/json-patch.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { isObject, listAt } from "../wire/shape.ts";
import { appliedObject } from "./parts/applied-object.ts";

/** Ports that are asked for over UDP at least as often as over TCP. */
const UDP_SERVICES: ReadonlyMap<number, string> = new Map([
  [53, "DNS"],
  [123, "NTP"],
  [161, "SNMP"],
  [514, "syslog"],
  [4789, "VXLAN"],
  [51_820, "WireGuard"],
]);

/** Report entries of `ports` that leave the protocol to the default. */
export const protocolMissing = defineValidator({
  id: "protocol-missing",
  title: "A port without a protocol",
  why: "A port without `protocol` is one of TCP alone; people who read the policy often take it for any protocol, and DNS for one asks over UDP first.",
  fix: "Write `protocol: TCP`, or one entry for each protocol that is meant.",
  kinds: ["NetworkPolicy"],
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: null, restricted: "Audit" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ object, oldObject }): readonly Finding[] {
    // The other kinds have no default.
    if (object?.kind !== "policy" || object.policy.kind !== "NetworkPolicy") return [];
    const written = appliedObject(object, oldObject);
    // What the API server has filled in is in the object already.
    const isFilledIn = written !== object.manifest;
    return DIRECTIONS.flatMap((direction) =>
      listAt(written, "spec", direction).flatMap((rule, index) =>
        listAt(rule, "ports").flatMap((entry, position) =>
          isObject(entry) && entry["protocol"] == null
            ? [finding(`spec.${direction}[${index}].ports[${position}]`, entry["port"], isFilledIn)]
            : [],
        ),
      ),
    );
  },
});

function finding(path: string, port: unknown, isFilledIn: boolean): Finding {
  const service = typeof port === "number" ? UDP_SERVICES.get(port) : undefined;
  const beside = service === undefined ? "" : `; ${service} also uses UDP`;
  const fix = { title: "write `protocol: TCP`", patch: [addAt(`${path}.protocol`, "TCP")] };
  return {
    path,
    message: `names no protocol, and so is TCP alone${beside}`,
    help: "write one entry for each protocol that is meant",
    ...(isFilledIn ? {} : { fix }),
  };
}
