import type { Labels } from "../../engine/model.ts";
import type { Engine } from "../../engine/query.ts";
import type { Problem } from "../../errors.ts";
import type { Mode } from "../../resources/profile.ts";
import { parseResource, type Resource, resourceKey } from "../../resources/resource.ts";
import { HeldInvariants } from "../../rules/held-invariants.ts";
import { customRulesFor } from "../../rules/load-custom-rules.ts";
import { optInOf } from "../../rules/opt-in.ts";
import { createRegistry } from "../../rules/registry.ts";
import type { CompiledProfile } from "../../rules/rule.ts";
import { type ProfileList, RuleBook } from "../../rules/rule-book.ts";
import { VALIDATORS } from "../../validators/index.ts";
import { textAt } from "../../wire/shape.ts";
import { InputError, usageError } from "../input-error.ts";
import type { Report } from "../report.ts";
import { NOWHERE, type Origin } from "../sources/source-object.ts";
import type { World } from "../sources/world.ts";
import { OWN_NAMESPACE } from "./cluster-facts.ts";

/** What governs the objects of a namespace. */
export type Governing =
  | { readonly kind: "known"; readonly active: CompiledProfile; readonly mode: Mode }
  | {
      readonly kind: "unknown";
      readonly name: string;
      readonly mode: Mode;
      readonly known: readonly string[];
    };

/** The profile that applies where nobody says which. */
const DEFAULT_PROFILE = "baseline";

/** What an organisation has decided: in files of `--config`, among the manifests, and in the cluster. */
export class Governance {
  readonly ruleBook: RuleBook;
  readonly #chosen: string | null;
  readonly #origins: ReadonlyMap<string, Origin>;
  readonly #held = new WeakMap<Engine, HeldInvariants>();

  private constructor(
    ruleBook: RuleBook,
    chosen: string | null,
    origins: ReadonlyMap<string, Origin>,
  ) {
    this.ruleBook = ruleBook;
    this.#chosen = chosen;
    this.#origins = origins;
    if (chosen !== null) this.get(chosen);
  }

  /**
   * By the resources of `world`; `chosen` is the profile of `--profile`. Throws an InputError for those of
   * files that cannot be used; those of a cluster are noted.
   */
  static async read(
    world: Pick<World, "resources">,
    report: Report,
    chosen?: string,
  ): Promise<Governance> {
    const given = new Map<string, { resource: Resource; origin: Origin }>();
    const unusable: Problem[] = [];
    const complain = (key: string, origin: Origin, problems: readonly Problem[]): void => {
      const [first] = problems;
      if (origin.written !== null) unusable.push(...problems.map((one) => origin.locate(one)));
      else report.note(`${key} is not in force: ${first?.path ?? ""}: ${first?.message ?? ""}`);
    };
    for (const { raw, origin } of world.resources) {
      const read = parseResource(raw);
      if (read.ok) given.set(resourceKey(read.value), { resource: read.value, origin });
      else
        complain(`${textAt(raw, "kind")} ${textAt(raw, "metadata", "name")}`, origin, read.error);
    }
    const resources = [...given.values()].map(({ resource }) => resource);
    const ruleBook = new RuleBook({
      registry: createRegistry(VALIDATORS),
      ownNamespace: OWN_NAMESPACE,
      compileCustomRule: await customRulesFor(resources),
    });
    for (const [key, { resource }] of given) ruleBook.upsert(key, { ok: true, value: resource });
    for (const [key, problems] of ruleBook.problems()) {
      complain(key, given.get(key)?.origin ?? NOWHERE, problems);
    }
    if (unusable.length > 0) throw new InputError(unusable);
    const origins = new Map(Array.from(given, ([key, { origin }]) => [key, origin]));
    return new Governance(ruleBook, chosen ?? null, origins);
  }

  /** A profile by name. Throws an InputError that lists those there are. */
  get(name: string): CompiledProfile {
    const profile = this.profiles.get(name);
    if (profile !== undefined) return profile;
    const names = this.profiles.names().join(", ");
    throw usageError(`there is no profile \`${name}\`; there are ${names}`);
  }

  get profiles(): ProfileList {
    return this.ruleBook.profiles;
  }

  /** Where the resource of that key is written. */
  originOf(key: string): Origin {
    return this.#origins.get(key) ?? NOWHERE;
  }

  /** The invariants, held by `engine`, so that it tells what breaks them. */
  invariantsOn(engine: Engine): HeldInvariants {
    const held = this.#held.get(engine) ?? new HeldInvariants(engine, this.ruleBook);
    this.#held.set(engine, held);
    return held;
  }

  /** What governs a namespace with those labels: the profile of the flag, else of its label, else `baseline`. */
  of(labels: Labels | undefined): Governing {
    const optIn = optInOf(labels);
    const name = this.#chosen ?? optIn?.profile ?? DEFAULT_PROFILE;
    const mode = this.#chosen === null ? (optIn?.mode ?? "enforce") : "enforce";
    const active = this.profiles.get(name);
    return active === undefined
      ? { kind: "unknown", name, mode, known: this.profiles.names() }
      : { kind: "known", active, mode };
  }
}
