import type { Family } from "../engine/address.ts";
import type { Address, Protocol } from "../engine/model.ts";
import { counted } from "../rules/phrases.ts";
import type { ServiceEndpoint } from "../wire/endpoints.ts";
import { parsePort } from "../wire/policy-port.ts";
import { type Service, type ServicePort, targetIn } from "../wire/service.ts";
import { type Ends, standInNotes, type Target, targetOn } from "./flow-target.ts";
import { usageError } from "./input-error.ts";
import { didYouMean, placesOf, type Reference } from "./references.ts";
import type { Source } from "./sources/load-world.ts";
import { podsBehind } from "./sources/resolvers.ts";
import type { World } from "./sources/world.ts";

/** The Service of a name. Throws an InputError if there is none, or more than one. */
export function findService(reference: Reference, world: World, source: Source): Service {
  const places = placesOf(reference, source);
  const all = [...world.services.values()];
  const found = all.filter(
    ({ name, namespace }) =>
      name === reference.name && (places === null || places.includes(namespace)),
  );
  const [service, ...others] = found;
  if (service !== undefined && others.length === 0) return service;
  if (service !== undefined) {
    const names = found.map(({ namespace, name }) => `\`${namespace}/${name}\``).join(", ");
    throw usageError(`\`${reference.text}\` is ambiguous; write one of ${names}`);
  }
  const names = new Map(all.map(({ namespace, name }) => [`${namespace}/${name}`, name]));
  const near = didYouMean(reference.name, names);
  throw usageError(`there is no Service \`${reference.text}\`${near}`);
}

/** The Service with an address that no pod has: policies see where it leads. */
export function serviceAt(address: Address, world: World): Service | undefined {
  return [...world.services.values()].find(({ addresses, outerAddresses }) =>
    [...addresses, ...outerAddresses].includes(address),
  );
}

interface WantedPort {
  readonly port: string | null;
  readonly protocol: Protocol | null;
}

/**
 * The pods behind a Service with the port that is asked for: policies see a flow after the Service has
 * translated it to the pod's address and `targetPort`.
 */
export function serviceEnds(service: Service, wanted: WantedPort, world: World): Ends {
  const label = `${service.namespace}/${service.name}[Service]`;
  if (service.type === "ExternalName") {
    throw usageError(`${label} leads to no pod: it is an ExternalName`);
  }
  const port = meantPort(service, wanted);
  const pods = podsBehind(service, world);
  const endpoints = world.endpoints.get(`${service.namespace}/${service.name}`);
  const targets =
    service.selector === null
      ? (endpoints ?? []).flatMap((endpoint) => endpointTarget(endpoint, port, world))
      : pods
          // A pod without the container port that the Service names is none of its endpoints.
          .filter((pod) => targetIn(port, pod) !== null)
          .map((pod) => targetOn(pod, String(port.targetPort), port.protocol));
  if (targets.length === 0) throw usageError(`${label} leads to no pod: ${whyNone(service)}`);
  const numbers = [...new Set(targets.map((target) => target.port))].join(", ");
  const family = onlyFamily(service);
  const over = family === null ? "" : ` over IPv${family}`;
  return {
    label,
    targets,
    family,
    assumptions: [
      port.isOfPods
        ? `a headless Service translates no port: ${numbers} is that of ${counted(targets.length, "endpoint")}${over}`
        : `Service port ${port.port} leads to port ${numbers} of ${counted(targets.length, "endpoint")}${over}, where policies see the flow`,
      ...standInNotes(pods),
    ],
  };
}

/** ServiceSpec API, `ipFamilies`: the families of its addresses, also of those of its endpoints. */
function onlyFamily({ families }: Service): Family | null {
  const [only = null, ...others] = families;
  return others.length === 0 ? only : null;
}

function whyNone({ selector }: Service): string {
  return selector === null
    ? "it has no selector and no EndpointSlices"
    : "its selector matches none that serves the port";
}

function endpointTarget(
  { end, ports }: ServiceEndpoint,
  port: MeantPort,
  world: World,
): readonly Target[] {
  const served = port.isOfPods
    ? port
    : ports.find(({ name, protocol }) => (name ?? "") === port.name && protocol === port.protocol);
  if (served === undefined) return [];
  const known = end.kind !== "pod" || world.pods.has(end.key);
  return known ? [{ end, protocol: port.protocol, port: served.port }] : [];
}

interface MeantPort extends ServicePort {
  /** The port is the pods' own, not one of the Service's. */
  readonly isOfPods?: true;
}

/** The port that is asked for. Of a headless Service a number is that of its pods. */
function meantPort(service: Service, wanted: WantedPort): MeantPort {
  const { port, protocol } = wanted;
  const fitting = service.ports.filter((one) => fits(one, wanted));
  const number = service.isHeadless && port !== null ? parsePort(port) : null;
  if (number === null) return onlyPort(service, port, fitting);
  // ServiceSpec API, `clusterIP`: `None` is for "when direct endpoint connections are preferred and
  // proxying is not required". A name is looked up, for its `targetPort`.
  const [over = "TCP"] = fitting.length === 1 ? fitting.map((one) => one.protocol) : [];
  return { name: "", protocol: protocol ?? over, port: number, targetPort: number, isOfPods: true };
}

function fits(one: ServicePort, { port, protocol }: WantedPort): boolean {
  const isNamed = one.name !== "" && one.name === port;
  const isCalled = port === null || String(one.port) === port || isNamed;
  return isCalled && (protocol === null || one.protocol === protocol);
}

function onlyPort(
  { ports, name }: Service,
  port: string | null,
  fitting: readonly ServicePort[],
): ServicePort {
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return only;
  const listed = ports.map((it) => `${it.protocol} ${it.port}${it.name && ` (${it.name})`}`);
  const has = listed.length === 0 ? "none" : listed.join(", ");
  if (only === undefined && port !== null) {
    throw usageError(`--port: Service ${name} has no such port; it has ${has}`);
  }
  const tcp = fitting.filter((it) => it.protocol === "TCP");
  if (port !== null && tcp[0] !== undefined && tcp.length === 1) return tcp[0];
  throw usageError(`--port is missing: Service ${name} has ${has}`);
}
