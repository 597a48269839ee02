import { parseResource, type Resource } from "../src/resources/resource.ts";
import { VALIDATORS } from "../src/validators/index.ts";
import { resourceDocument } from "../test/support/documents.ts";
import { succeed } from "../test/wire/describe-policy.ts";
import { TEAMS } from "./catalogue.ts";

/** The profile with all rules. */
export const GOVERNED = "governed";

/** Expressions of a custom rule, each with a number of its own so that no two are the same. */
const EXPRESSIONS: readonly ((number: number) => string)[] = [
  (number) => `object.metadata.name != 'reserved-${number}'`,
  (number) => `object.metadata.name.matches('^[a-z]([-a-z0-9]{0,${200 + number}}[a-z0-9])?$')`,
  (number) => `!has(object.metadata.labels) || !('legacy-${number}' in object.metadata.labels)`,
  (number) => `request.userInfo.groups.all(group, group != 'contractors-${number}')`,
  (number) => `namespaceObject.metadata.labels.team != 'team-${number}'`,
  (number) =>
    `!has(object.spec.ingress) || object.spec.ingress.all(r, !has(r.ports) || r.ports.all(p, !has(p.port) || p.port != ${number}))`,
  (number) =>
    `!has(object.spec.egress) || object.spec.egress.all(r, !has(r.to) || r.to.all(p, !has(p.ipBlock) || !cidr(p.ipBlock.cidr).containsIP('203.0.113.${number}')))`,
  (number) => `opened.all(flow, !flow.from.world || flow.to.pods < ${1_000 + number})`,
  (number) =>
    `opened.all(flow, flow.ports.all(range, range.last < ${number} || range.first > ${number}))`,
  (number) => `!reaches('team-${number}/*', 'monitoring/prometheus', ${20_000 + number})`,
];

/** All rules, and as many CEL expressions and invariants as asked for. */
export function governance(expressions: number, invariants: number): readonly Resource[] {
  const profile = succeed(
    parseResource(
      resourceDocument("Profile", GOVERNED, {
        extends: "restricted",
        rules: VALIDATORS.map(({ id }) => ({ id, action: "Warn" })),
        customRules: Array.from({ length: expressions }, (_, index) => ({
          id: `custom-${index}`,
          action: "Warn",
          onFault: "Deny",
          expression: EXPRESSIONS[index % EXPRESSIONS.length]?.(index) ?? "false",
        })),
      }),
    ),
  );
  return [profile, ...invariantsOf(invariants)];
}

/** Each keeps one team out of the data of another, on a port of its own. */
export function invariantsOf(count: number): readonly Resource[] {
  return Array.from({ length: count }, (_, index) => {
    const team = (offset: number): object => ({
      matchLabels: { team: TEAMS[(index + offset) % TEAMS.length] },
    });
    const round = Math.floor(index / TEAMS.length);
    return succeed(
      parseResource(
        resourceDocument("Invariant", `data-${index}`, {
          description: "data is for its own team",
          mustNotReach: {
            from: [{ namespaces: team(1 + (round % (TEAMS.length - 1))) }],
            to: [
              {
                pods: {
                  namespaceSelector: team(0),
                  podSelector: { matchLabels: { tier: "data" } },
                },
              },
            ],
            ports: [{ port: 3306 + index }],
          },
        }),
      ),
    );
  });
}
