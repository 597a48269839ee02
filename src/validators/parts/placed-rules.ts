import type { Direction, Peer, PortMatch, Rule } from "../../engine/model.ts";
import type { GovernedObject, GovernedPolicy } from "../../rules/rule.ts";
import { field } from "../../wire/shape.ts";

/** A rule and where it stands in the object it was read from. */
export interface PlacedRule {
  readonly direction: Direction;
  readonly rule: Rule;
  /** `spec.ingress[0].from` */
  readonly peersPath: string;
  readonly peers: "all" | readonly PlacedPeer[];
  readonly ports: "all" | readonly PlacedPort[];
}

/** JSON paths of a peer: of its item, and of the fields that select namespaces and pods. */
export interface PeerPaths {
  readonly item: string;
  readonly namespaces: string;
  readonly pods: string;
}

export interface PlacedPeer {
  readonly peer: Peer;
  readonly paths: PeerPaths;
  /** What stands at `paths.item`. */
  readonly raw: unknown;
}

export interface PlacedPort {
  readonly port: PortMatch;
  readonly path: string;
}

const DIRECTIONS: readonly Direction[] = ["ingress", "egress"];

/** The object that is judged, if it is a policy. */
export function governedPolicy(object: GovernedObject | null): GovernedPolicy | null {
  return object?.kind === "policy" ? object : null;
}

/** All rules that have an effect, of both directions, in the order of the object. */
export function placedRules({ manifest, policy }: GovernedPolicy): readonly PlacedRule[] {
  return DIRECTIONS.flatMap((direction) => {
    const raw = listAt(field(manifest, "spec", direction));
    return policy[direction].rules.map((rule, index) => place(direction, rule, raw[index]));
  });
}

/** The rules that accept. Deny and Pass rules let nothing through by themselves. */
export function acceptingRules(governed: GovernedPolicy): readonly PlacedRule[] {
  return placedRules(governed).filter(({ rule }) => rule.action === "Accept");
}

function place(direction: Direction, rule: Rule, raw: unknown): PlacedRule {
  const side = direction === "ingress" ? "from" : "to";
  const peersPath = `${rule.path}.${side}`;
  const places = listAt(field(raw, side)).flatMap((item, index) =>
    placesOf(item, `${peersPath}[${index}]`),
  );
  const anywhere = { paths: samePath(peersPath), raw: undefined };
  const portPaths = ["ports", "protocols"].flatMap((name) =>
    listAt(field(raw, name)).map((item, index) =>
      pathOfPort(item, `${rule.path}.${name}[${index}]`),
    ),
  );
  return {
    direction,
    rule,
    peersPath,
    peers:
      rule.peers === "all"
        ? "all"
        : rule.peers.map((peer, index) => ({ peer, ...(places[index] ?? anywhere) })),
    ports:
      rule.ports === "all"
        ? "all"
        : rule.ports.map((port, index) => ({ port, path: portPaths[index] ?? rule.path })),
  };
}

/** Where the peers stand that one item of `from` or `to` makes: `networks` makes several. */
function placesOf(item: unknown, path: string): readonly Omit<PlacedPeer, "peer">[] {
  const networks = field(item, "networks");
  if (Array.isArray(networks)) {
    return networks.map((raw: unknown, index) => ({
      paths: samePath(`${path}.networks[${index}]`),
      raw,
    }));
  }
  const block = field(item, "ipBlock");
  if (block != null) return [{ paths: samePath(`${path}.ipBlock`), raw: block }];
  const pods = field(item, "pods");
  const source = pods ?? item;
  const below = pods == null ? path : `${path}.pods`;
  const pathOf = (...names: readonly string[]): string => {
    const name = names.find((candidate) => field(source, candidate) != null);
    return name === undefined ? below : `${below}.${name}`;
  };
  const paths = {
    item: path,
    namespaces: pathOf("namespaceSelector", "namespaces"),
    pods: pathOf("podSelector"),
  };
  return [{ paths, raw: item }];
}

function pathOfPort(item: unknown, path: string): string {
  const name = ["port", "namedPort", "destinationNamedPort"].find(
    (candidate) => field(item, candidate) != null,
  );
  return name === undefined ? path : `${path}.${name}`;
}

function samePath(path: string): PeerPaths {
  return { item: path, namespaces: path, pods: path };
}

function listAt(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
