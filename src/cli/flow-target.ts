import type { Family } from "../engine/address.ts";
import { type Pod, type Protocol, podKey } from "../engine/model.ts";
import type { FlowEnd } from "../engine/query.ts";
import { parsePort } from "../wire/policy-port.ts";
import { usageError } from "./input-error.ts";
import { labelOf } from "./references.ts";
import { isStandIn } from "./sources/stand-ins.ts";

/** One place a flow may go to, with the port it has there. */
export interface Target {
  readonly end: FlowEnd;
  readonly protocol: Protocol;
  readonly port: number;
}

/** One end of a flow: all that its name stands for. */
export interface Ends {
  readonly label: string;
  readonly targets: readonly Target[];
  /** The only address family that a flow to it can have; null: any. */
  readonly family: Family | null;
  readonly assumptions: readonly string[];
}

/** A pod as the place that a flow to `port` goes to, a number or a name. Throws an InputError. */
export function targetOn(pod: Pod, port: string, protocol: Protocol): Target {
  const end: FlowEnd = { kind: "pod", key: podKey(pod) };
  const number = parsePort(port);
  if (number !== null) return { end, protocol, port: number };
  if (/^-?\d+$/.test(port)) throw usageError(`--port: \`${port}\` is not a port: 1 to 65535`);
  const named = pod.ports.find((one) => one.name === port && one.protocol === protocol);
  if (named !== undefined) return { end, protocol, port: named.port };
  const names = new Map(pod.ports.map(({ name, protocol: over }) => [`${name} (${over})`, name]));
  const known = [...names.keys()].join(", ");
  const has = known === "" ? "it names none" : `it names ${known}`;
  throw usageError(`--port: ${labelOf(pod)} has no ${protocol} port \`${port}\`; ${has}`);
}

/** The note that pods stand for a template, if they do. */
export function standInNotes(pods: readonly Pod[]): readonly string[] {
  const [pod] = pods;
  if (pod === undefined || !isStandIn(pod)) return [];
  return [`the template of ${labelOf(pod)} stands for its pods`];
}
