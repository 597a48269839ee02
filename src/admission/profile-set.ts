import type { Profile } from "../config/profile.ts";
import type { Problem } from "../errors.ts";
import { compileProfile } from "../rules/compile-profile.ts";
import type { Registry } from "../rules/registry.ts";
import type { CompiledProfile } from "../rules/rule.ts";
import type { Profiles } from "./surroundings.ts";

/** The profiles in force: the built-in ones, and those that an administrator last gave. */
export class ProfileSet implements Profiles {
  readonly #registry: Registry;
  readonly #builtIn: readonly CompiledProfile[];
  #byName: ReadonlyMap<string, CompiledProfile>;

  /** Throws where a built-in profile does not fit the rules there are: that is a defect. */
  constructor(registry: Registry, builtIn: readonly Profile[]) {
    this.#registry = registry;
    this.#builtIn = builtIn.map((profile) => {
      const compiled = compileProfile(profile, registry);
      if (!compiled.ok) throw new TypeError(`built-in profile ${profile.name} is not well-formed`);
      return compiled.value;
    });
    this.#byName = byName(this.#builtIn);
  }

  get(name: string): CompiledProfile | undefined {
    return this.#byName.get(name);
  }

  names(): readonly string[] {
    return [...this.#byName.keys()].toSorted();
  }

  /**
   * Put `profiles` in the place of those given before, all or none: with a problem in any of them
   * everything stays as it was, so that a typo cannot take a profile out of force.
   */
  replace(profiles: readonly Profile[]): readonly Problem[] {
    const compiled: CompiledProfile[] = [];
    const problems: Problem[] = [];
    for (const profile of profiles) {
      const result = compileProfile(profile, this.#registry);
      if (result.ok) compiled.push(result.value);
      else problems.push(...result.error.map((problem) => named(profile, problem)));
    }
    if (problems.length === 0) this.#byName = byName([...this.#builtIn, ...compiled]);
    return problems;
  }
}

function byName(profiles: readonly CompiledProfile[]): ReadonlyMap<string, CompiledProfile> {
  return new Map(profiles.map((compiled) => [compiled.profile.name, compiled]));
}

function named({ name }: Profile, { code, path, message }: Problem): Problem {
  return { code, path, message: `profile \`${name}\`: ${message}` };
}
