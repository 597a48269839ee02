import { optInOf } from "../../admission/govern.ts";
import type { Mode } from "../../config/profile.ts";
import { builtInProfiles } from "../../config/profile-document.ts";
import { readProfiles } from "../../config/profile-folder.ts";
import { compileProfile } from "../../rules/compile-profile.ts";
import { createRegistry } from "../../rules/registry.ts";
import type { CompiledProfile } from "../../rules/rule.ts";
import { VALIDATORS } from "../../validators/index.ts";
import { InputError, usageError } from "../input-error.ts";
import { readManifestFiles } from "../sources/manifest-files.ts";
import type { World } from "../sources/world.ts";

/** What governs the objects of a namespace. */
export interface Governing {
  readonly active: CompiledProfile;
  readonly mode: Mode;
}

/** The profile that applies where nobody says which. */
const DEFAULT_PROFILE = "baseline";

/** The profiles there are: the built-in ones and those of files. */
export class ProfileChoice {
  readonly #profiles: ReadonlyMap<string, CompiledProfile>;
  readonly #chosen: string | null;

  private constructor(profiles: ReadonlyMap<string, CompiledProfile>, chosen: string | null) {
    this.#profiles = profiles;
    this.#chosen = chosen;
    if (chosen !== null) this.get(chosen);
  }

  /** `files` hold Profile documents. Throws an InputError for those that cannot be used. */
  static async read(files: readonly string[], chosen: string | undefined): Promise<ProfileChoice> {
    const texts = await readManifestFiles(files);
    const read = readProfiles(texts);
    if (!read.ok) throw new InputError(read.error);
    const registry = createRegistry(VALIDATORS);
    const profiles = new Map<string, CompiledProfile>();
    for (const profile of [...builtInProfiles(VALIDATORS), ...read.value]) {
      const compiled = compileProfile(profile, registry);
      if (!compiled.ok) {
        const { name } = profile;
        throw new InputError(
          compiled.error.map((it) => ({ ...it, path: `profile ${name} ${it.path}` })),
        );
      }
      profiles.set(profile.name, compiled.value);
    }
    return new ProfileChoice(profiles, chosen ?? null);
  }

  /** A profile by name. Throws an InputError that lists those there are. */
  get(name: string): CompiledProfile {
    const profile = this.#profiles.get(name);
    if (profile !== undefined) return profile;
    const names = [...this.#profiles.keys()].join(", ");
    throw usageError(`there is no profile \`${name}\`; there are ${names}`);
  }

  /** All of them, as rules look them up. */
  all(): ReadonlyMap<string, CompiledProfile> {
    return this.#profiles;
  }

  /** What governs a namespace: the flag, else its label, else `baseline`, which is what a label starts with. */
  of(namespace: string, world: World): Governing {
    if (this.#chosen !== null) return { active: this.get(this.#chosen), mode: "enforce" };
    const optIn = optInOf(world.namespaces.get(namespace)?.labels);
    if (optIn === null) return { active: this.get(DEFAULT_PROFILE), mode: "enforce" };
    return { active: this.get(optIn.profile), mode: optIn.mode };
  }
}
