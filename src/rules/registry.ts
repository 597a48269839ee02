import { RULE_ID } from "../resources/profile.ts";
import type { Validator } from "./rule.ts";

/** All rules that a profile may name, in the order in which findings are listed. */
export interface Registry {
  readonly validators: readonly Validator[];
  get(id: string): Validator | undefined;
}

const VERSION = /^\d+\.\d+\.\d+$/;
const SENTENCES = /^[A-Z`].*\.$/s;

/**
 * The registry of `validators`. A list that is not well-formed is a defect of the program:
 * throws a TypeError that names everything wrong with it.
 */
export function createRegistry(validators: readonly Validator[]): Registry {
  const byId = new Map(validators.map((validator) => [validator.id, validator]));
  const complaints = validators.flatMap(complaintsAbout);
  if (byId.size < validators.length) complaints.push("two rules have the same id");
  if (complaints.length > 0) throw new TypeError(`rule registry: ${complaints.join("; ")}`);
  return { validators, get: (id) => byId.get(id) };
}

function complaintsAbout(validator: Validator): readonly string[] {
  const { id, title, why, fix, kinds, operations, since, parameters } = validator;
  const checks: readonly (readonly [boolean, string])[] = [
    [RULE_ID.test(id), "its id is not kebab-case"],
    [title !== "" && !title.endsWith("."), "its title is empty or ends in a period"],
    [SENTENCES.test(why), "`why` is not made of sentences"],
    [SENTENCES.test(fix), "`fix` is not made of sentences"],
    [kinds.length > 0, "it has no kinds"],
    [operations.length > 0, "it has no operations"],
    [VERSION.test(since), "`since` is not a version"],
    [parameters.safeParse({}).success, "a parameter has no default"],
  ];
  return checks.filter(([holds]) => !holds).map(([, complaint]) => `${id}: ${complaint}`);
}
