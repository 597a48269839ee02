import { optInOf } from "../../admission/govern.ts";
import { readResources } from "../../config/resource-folder.ts";
import type { Labels } from "../../engine/model.ts";
import type { Mode } from "../../resources/profile.ts";
import { customRulesFor } from "../../rules/load-custom-rules.ts";
import { createRegistry } from "../../rules/registry.ts";
import type { CompiledProfile } from "../../rules/rule.ts";
import { type ProfileList, RuleBook } from "../../rules/rule-book.ts";
import { VALIDATORS } from "../../validators/index.ts";
import { InputError, usageError } from "../input-error.ts";
import type { BaselineOf } from "../sources/assumed-baseline.ts";
import { readManifestFiles } from "../sources/manifest-files.ts";

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

/** Where Ringfence is taken to run: Exemptions there are for other namespaces. */
const OWN_NAMESPACE = "ringfence-system";

/** The profiles there are: the built-in ones and those of files. */
export class ProfileChoice {
  /** The baseline of namespaces with a profile, of the built-in resources and those of files. */
  readonly baselineOf: BaselineOf;
  readonly #profiles: ProfileList;
  readonly #chosen: string | null;

  private constructor(ruleBook: RuleBook, chosen: string | null) {
    this.baselineOf = (profile) => ruleBook.baselineOf(profile);
    this.#profiles = ruleBook.profiles;
    this.#chosen = chosen;
    if (chosen !== null) this.get(chosen);
  }

  /** `files` hold documents of Ringfence's own kinds. Throws an InputError for those that cannot be used. */
  static async read(files: readonly string[], chosen: string | undefined): Promise<ProfileChoice> {
    const texts = await readManifestFiles(files);
    const read = readResources(texts);
    if (!read.ok) throw new InputError(read.error);
    const ruleBook = new RuleBook({
      registry: createRegistry(VALIDATORS),
      ownNamespace: OWN_NAMESPACE,
      compileCustomRule: await customRulesFor(read.value),
    });
    const problems = ruleBook.replaceFiles(read.value);
    if (problems.length > 0) throw new InputError(problems);
    return new ProfileChoice(ruleBook, chosen ?? null);
  }

  /** A profile by name. Throws an InputError that lists those there are. */
  get(name: string): CompiledProfile {
    const profile = this.#profiles.get(name);
    if (profile !== undefined) return profile;
    const names = this.#profiles.names().join(", ");
    throw usageError(`there is no profile \`${name}\`; there are ${names}`);
  }

  /** All of them, as rules look them up. */
  all(): ProfileList {
    return this.#profiles;
  }

  /** What governs a namespace with those labels: the flag, else its label, else `baseline`, which is what a label starts with. */
  of(labels: Labels | undefined): Governing {
    const optIn = optInOf(labels);
    const name = this.#chosen ?? optIn?.profile ?? DEFAULT_PROFILE;
    const mode = this.#chosen === null ? (optIn?.mode ?? "enforce") : "enforce";
    const active = this.#profiles.get(name);
    return active === undefined
      ? { kind: "unknown", name, mode, known: this.#profiles.names() }
      : { kind: "known", active, mode };
  }
}
