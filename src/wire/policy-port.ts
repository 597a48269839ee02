import { z } from "zod";
import type { PortMatch, Protocol } from "../engine/model.ts";
import { LAST_PORT, PROTOCOLS } from "../engine/port-set.ts";

/** Report whether `raw` is a port number, 1 to 65535. */
export function isPort(raw: unknown): raw is number {
  return Number.isInteger(raw) && Number(raw) >= 1 && Number(raw) <= LAST_PORT;
}

/** A port number in digits, null where the text is none. */
export function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return isPort(port) ? port : null;
}

/** A port number, 1 to 65535. */
export const portNumberSchema = z.int().refine(isPort, {
  error: (issue) => `\`${String(issue.input)}\` is not a port: 1 to ${LAST_PORT}`,
});

/** NetworkPolicyPort API: "If not specified, this field defaults to TCP." */
export const protocolSchema = z
  .enum(PROTOCOLS)
  .nullish()
  .transform((protocol): Protocol => protocol ?? "TCP");

/**
 * The protocol of a port of core/v1, where the field is no pointer, so an empty one counts as left out.
 * ContainerPort API: "Must be UDP, TCP, or SCTP. Defaults to \"TCP\"."
 */
export const coreProtocolSchema = z.preprocess(
  (protocol) => (protocol === "" ? null : protocol),
  protocolSchema,
);

/** All ports of one protocol. */
export function allPortsOf(protocol: Protocol): PortMatch {
  return { kind: "range", protocol, first: 1, last: LAST_PORT };
}

/** An entry of `ports` of networking.k8s.io/v1. */
export const policyPortSchema = z
  .strictObject({
    protocol: protocolSchema,
    port: z
      .custom<number | string>((port) => typeof port === "number" || typeof port === "string", {
        error: "is neither a number nor a port name",
      })
      .nullish(),
    endPort: portNumberSchema.nullish(),
  })
  .transform(({ protocol, port, endPort }, context): PortMatch => {
    const complain = (name: "port" | "endPort", message: string): void => {
      context.addIssue({ code: "custom", path: [name], message, input: port });
    };
    if (typeof port !== "number" && typeof endPort === "number") {
      complain("endPort", "needs `port` to be a number");
    }
    // NetworkPolicyPort API: "If this field is not provided, this matches all port names and numbers."
    if (port === null || port === undefined) return allPortsOf(protocol);
    if (typeof port === "string") {
      if (!isPortName(port)) complain("port", notAPortName(port));
      return { kind: "named", protocol, name: port };
    }
    if (!isPort(port)) {
      complain("port", `\`${String(port)}\` is not a port: 1 to ${LAST_PORT}`);
    }
    const last = endPort ?? port;
    if (last < port) complain("endPort", `\`${last}\` is less than \`port\``);
    return { kind: "range", protocol, first: port, last };
  });

/** IANA_SVC_NAME: 1 to 15 of `a-z0-9-`, at least one letter, no `-` at the ends or doubled. */
export function isPortName(name: string): boolean {
  return name.length <= 15 && /[a-z]/.test(name) && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name);
}

function notAPortName(name: string): string {
  return /^\d+$/.test(name)
    ? `\`"${name}"\` is a name in quotes; a port number stands without them`
    : `\`${name}\` is not a port name: up to 15 of \`a-z\`, \`0-9\`, \`-\`, with a letter`;
}
