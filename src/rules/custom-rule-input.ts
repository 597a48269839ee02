import type { Input } from "../cel/compile-expression.ts";
import { EvaluationError, type Outcome, type Value } from "../cel/value.ts";
import { formatRange, parseAddress } from "../engine/address.ts";
import type { Protocol } from "../engine/model.ts";
import { PROTOCOLS, portIntervals } from "../engine/port-set.ts";
import type { EngineView, FlowEnd, FlowGroup, Group, PodsOf } from "../engine/query.ts";
import { parsePort } from "../wire/policy-port.ts";
import { field } from "../wire/shape.ts";
import type { RuleContext } from "./rule.ts";

type Params = Readonly<Record<string, unknown>>;

/** An input whose `params` are those of the rule that is asked. */
interface SharedInput extends Input {
  readonly variables: { params: Params } & Readonly<Record<string, unknown>>;
}

/** PERF: made once for each decision: its rules have one context (`runRules`). */
const known = new WeakMap<RuleContext<unknown>, SharedInput>();

/**
 * What a custom rule sees of a change: as in a ValidatingAdmissionPolicy, and what only Ringfence knows.
 * To be evaluated before the next rule asks for its own.
 */
export function customRuleInput(context: RuleContext<unknown>, params: Params): Input {
  let input = known.get(context);
  if (input === undefined) {
    input = createInput(context);
    known.set(context, input);
  }
  input.variables.params = params;
  return input;
}

function createInput(context: RuleContext<unknown>): SharedInput {
  const { object, oldObject, after, delta } = context;
  // Most rules do not ask for what opens and closes.
  const opened = once(() => delta.opened.map(flowValue));
  const closed = once(() => delta.closed.map(flowValue));
  return {
    variables: {
      object: object?.manifest ?? null,
      oldObject: oldObject?.manifest ?? null,
      request: requestValue(context),
      namespaceObject: namespaceValue(context),
      params: {},
      get opened() {
        return opened();
      },
      get closed() {
        return closed();
      },
    },
    functions: { reaches: (from, to, port) => reaches(after, { from, to, port }) },
  };
}

function once<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => {
    made ??= make();
    return made;
  };
}

function requestValue({ request, operation, object, oldObject }: RuleContext<unknown>): object {
  const apiVersion = field((object ?? oldObject)?.manifest, "apiVersion");
  const [version = "", group = ""] =
    typeof apiVersion === "string" ? apiVersion.split("/").toReversed() : [];
  const { user, subResource } = request;
  const kind = { group, version, kind: request.kind };
  const resource = { group, version, resource: resourceOf(request.kind) };
  const asked = request.requestedAs ?? { kind, resource, subResource };
  return {
    kind,
    resource,
    subResource,
    requestKind: asked.kind,
    requestResource: asked.resource,
    requestSubResource: asked.subResource,
    operation,
    name: request.name,
    namespace: request.namespace,
    dryRun: request.dryRun,
    options: request.options ?? {},
    userInfo: {
      username: user.username,
      uid: user.uid,
      groups: user.groups,
      extra: user.extra ?? {},
    },
  };
}

/** Of the kinds that there are: `networkpolicies`, `namespaces`. */
function resourceOf(kind: string): string {
  const singular = kind.toLowerCase();
  return singular.endsWith("y") ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}

/** The object's namespace as far as it is known. A Namespace lives in none, as in a ValidatingAdmissionPolicy. */
function namespaceValue({ request, namespaceLabels, facts }: RuleContext<unknown>): unknown {
  const { kind, namespace: name } = request;
  if (name === "" || kind === "Namespace") return null;
  return (
    facts.namespaceManifest(name) ?? {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: Object.fromEntries(namespaceLabels ?? []) },
    }
  );
}

function flowValue({ from, to, ports }: FlowGroup): object {
  return { from: endValue(from), to: endValue(to), ports: portIntervals(ports) };
}

function endValue(group: Group): object {
  const { endpoints, pods, namespaces, everyPod, everyIpv4, everyIpv6, omitted } = group;
  return {
    pods,
    namespaces,
    everyPod,
    world: everyIpv4 || everyIpv6,
    workloads: endpoints.flatMap((end) =>
      end.kind === "workload" ? [`${end.namespace}/${end.workload.name}`] : [],
    ),
    addresses: endpoints.flatMap((end) =>
      end.kind === "addresses" ? [formatRange(end.range)] : [],
    ),
    omitted,
  };
}

interface Question {
  readonly from: Value | undefined;
  readonly to: Value | undefined;
  readonly port: Value | undefined;
}

/** What is wrong with a call of `reaches` with these arguments, as far as they are constants; null: nothing. */
export function faultOfReaches([from, to, port]: readonly (Value | undefined)[]): string | null {
  for (const end of [from, to]) {
    if (end !== undefined && endOf(end) === null) return noEnd(end);
  }
  return port === undefined || portOf(port) !== null ? null : noPort(port);
}

function noEnd(given: Value | undefined): string {
  const expected = "expected `namespace/*`, `namespace/name` or an address";
  return `reaches: \`${shown(given)}\` is no end; ${expected}`;
}

function noPort(given: Value | undefined): string {
  return `reaches: \`${shown(given)}\` is no port; expected 443 or \`UDP/53\``;
}

/** `reaches(from, to, port)`: whether anything of `from` can reach anything of `to`. */
function reaches(after: EngineView, { from, to, port }: Question): Outcome {
  const ends = [endOf(from), endOf(to)] as const;
  const target = portOf(port);
  if (ends[0] === null || ends[1] === null) {
    return new EvaluationError(noEnd(ends[0] === null ? from : to));
  }
  if (target === null) return new EvaluationError(noPort(port));
  const verdict = after.reach({ from: ends[0], to: ends[1], ...target });
  // Never a guess: the rule's `onFault` decides.
  if (verdict === "unknown") return new EvaluationError("reaches: it cannot be told");
  return verdict === "allowed";
}

function shown(value: Value | undefined): string {
  return typeof value === "string" || typeof value === "bigint" ? String(value) : "that";
}

function endOf(text: Value | undefined): FlowEnd | PodsOf | null {
  if (typeof text !== "string") return null;
  const address = parseAddress(text);
  if (address !== null) return { kind: "address", address };
  const [namespace = "", name = "", more] = text.split("/");
  if (namespace === "" || name === "" || more !== undefined) return null;
  return { kind: "pods-of", namespace, name: name === "*" ? null : name };
}

function portOf(given: Value | undefined): { protocol: Protocol; port: number } | null {
  const text = typeof given === "bigint" ? `TCP/${given}` : given;
  if (typeof text !== "string") return null;
  const [name, digits = ""] = text.split("/");
  const protocol = PROTOCOLS.find((one) => one === name);
  const port = parsePort(digits);
  return protocol === undefined || port === null ? null : { protocol, port };
}
