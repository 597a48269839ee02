import {
  type AddressRange,
  DIRECTIONS,
  type Direction,
  type Peer,
  type Policy,
  type PortMatch,
  type Rule,
} from "../engine/model.ts";
import { field, listAt } from "../wire/shape.ts";
import type { GovernedObject } from "./rule.ts";

/** A rule and where it stands in the object it was read from. */
export interface PlacedRule {
  readonly policy: Policy;
  readonly direction: Direction;
  readonly rule: Rule;
  /** `spec.ingress[0].from` */
  readonly peersPath: string;
  /** Empty also where the rule does not look at peers. */
  readonly peers: readonly PlacedPeer[];
  /** Those of the peers that are addresses. */
  readonly blocks: readonly Block[];
  /** Empty also where the rule does not look at ports. */
  readonly ports: readonly PlacedPort[];
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

/** A peer that is addresses. */
export interface Block {
  readonly path: string;
  /** An `ipBlock`, or the text of one of `networks`. */
  readonly raw: unknown;
  readonly ranges: readonly AddressRange[];
}

export interface PlacedPort {
  readonly port: PortMatch;
  /** Where it stands: an item of `ports` or `protocols`. */
  readonly item: string;
  /** Where the port itself stands, which is the item where it names none. */
  readonly path: string;
  /** What stands at `item`. */
  readonly raw: unknown;
}

/** The rules of a policy that have an effect, of both directions; of anything else none. */
export function placedRules(object: GovernedObject | null): readonly PlacedRule[] {
  if (object?.kind !== "policy") return [];
  const { manifest, policy } = object;
  return DIRECTIONS.flatMap((direction) => {
    const raw = listAt(manifest, "spec", direction);
    return policy[direction].rules.map((rule, index) => ({
      policy,
      direction,
      ...place(direction, rule, raw[index]),
    }));
  });
}

/** Those that accept. Deny and Pass rules let nothing through by themselves. */
export function accepting(rules: readonly PlacedRule[]): readonly PlacedRule[] {
  return rules.filter(({ rule }) => rule.action === "Accept");
}

function place(
  direction: Direction,
  rule: Rule,
  raw: unknown,
): Omit<PlacedRule, "policy" | "direction"> {
  const side = direction === "ingress" ? "from" : "to";
  const peersPath = `${rule.path}.${side}`;
  const places = listAt(raw, side).flatMap((item, index) =>
    placesOf(item, `${peersPath}[${index}]`),
  );
  const portPlaces = ["ports", "protocols"].flatMap((name) =>
    listAt(raw, name).map((entry, index) => placeOfPort(entry, `${rule.path}.${name}[${index}]`)),
  );
  const nowhere = { item: rule.path, path: rule.path, raw: undefined };
  const somewhere = { paths: samePath(peersPath), raw: undefined };
  const { peers: all, ports } = rule;
  const peers =
    all === "all" ? [] : all.map((peer, index) => ({ peer, ...(places[index] ?? somewhere) }));
  return {
    rule,
    peersPath,
    peers,
    blocks: peers.flatMap(({ peer, paths, raw: of }) =>
      peer.kind === "addresses" ? [{ path: paths.item, raw: of, ranges: peer.ranges }] : [],
    ),
    ports:
      ports === "all"
        ? []
        : ports.map((port, index) => ({ port, ...(portPlaces[index] ?? nowhere) })),
  };
}

/** The places of the peers in one item of `from` or `to`: `networks` holds several. */
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

function placeOfPort(raw: unknown, item: string): Omit<PlacedPort, "port"> {
  const name = ["port", "namedPort", "destinationNamedPort"].find(
    (candidate) => field(raw, candidate) != null,
  );
  return { item, path: name === undefined ? item : `${item}.${name}`, raw };
}

function samePath(path: string): PeerPaths {
  return { item: path, namespaces: path, pods: path };
}
