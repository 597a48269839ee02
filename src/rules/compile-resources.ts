import { failure, type Problem, type Result } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { type Baseline, DEFAULT_BASELINE } from "../resources/baseline.ts";
import type { Exemption } from "../resources/exemption.ts";
import type { Invariant } from "../resources/invariant.ts";
import type { Profile } from "../resources/profile.ts";
import { checkBaseline } from "../resources/render-baseline.ts";
import { type Resource, type ResourceKind, resourceKey } from "../resources/resource.ts";
import { resourceProblem } from "../resources/resource-problem.ts";
import { type CustomRuleCompiler, compileProfile, noRule } from "./compile-profile.ts";
import type { Registry } from "./registry.ts";
import type { CompiledProfile } from "./rule.ts";

/** How long a chain of profiles may be: nobody can keep track of a longer one. */
const MAX_CHAIN = 20;

export interface CompileOptions {
  readonly registry: Registry;
  /** See `loadCustomRules`. */
  readonly compileCustomRule: CustomRuleCompiler;
  /** Where Ringfence runs: Exemptions there may be for other namespaces. */
  readonly ownNamespace: string;
}

/** Resources in force, ready to be used. */
export interface InForce {
  readonly profiles: ReadonlyMap<string, CompiledProfile>;
  readonly baselines: ReadonlyMap<string, Baseline>;
  readonly invariants: readonly Invariant[];
  readonly exemptions: readonly Exemption[];
}

export interface CompiledResources {
  readonly inForce: InForce;
  /** By `resourceKey`: these are not in force. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/**
 * Compile resources, each checked against the known rules and the resources that it names. `retired` holds
 * profiles that are gone and may still be extended.
 */
export function compileResources(
  resources: ReadonlyMap<string, Resource>,
  options: CompileOptions,
  retired: ReadonlyMap<string, Resource> = new Map(),
): CompiledResources {
  return new Compilation(resources, options, retired).run();
}

/** PERF: what is wrong with each Baseline that was ever checked; none ever changes. */
const CHECKED = new WeakMap<Baseline, readonly Problem[]>();

function complaintsAbout(baseline: Baseline): readonly Problem[] {
  const problems = CHECKED.get(baseline) ?? checkBaseline(baseline);
  CHECKED.set(baseline, problems);
  return problems;
}

class Compilation {
  readonly #resources: ReadonlyMap<string, Resource>;
  readonly #options: CompileOptions;
  readonly #retired: ReadonlyMap<string, Resource>;
  readonly #problems = new Map<string, readonly Problem[]>();
  /** Null while a profile is being compiled, or where it cannot be. */
  readonly #profiles = new Map<string, CompiledProfile | null>();

  constructor(
    resources: ReadonlyMap<string, Resource>,
    options: CompileOptions,
    retired: ReadonlyMap<string, Resource>,
  ) {
    this.#resources = resources;
    this.#options = options;
    this.#retired = retired;
  }

  run(): CompiledResources {
    const baselines = this.#ofKind("Baseline").filter((it) => this.#holds(it, complaintsAbout(it)));
    for (const profile of this.#ofKind("Profile")) this.#profile(profile);
    const invariants = this.#ofKind("Invariant");
    const exemptions = this.#ofKind("Exemption").filter((it) =>
      this.#holds(it, this.#complaintsAbout(it)),
    );
    return {
      inForce: {
        profiles: new Map(
          this.#ofKind("Profile").flatMap(({ name }) => {
            const compiled = this.#profiles.get(name);
            return compiled === null || compiled === undefined ? [] : [[name, compiled]];
          }),
        ),
        baselines: new Map(baselines.map((baseline) => [baseline.name, baseline])),
        invariants,
        exemptions,
      },
      problems: this.#problems,
    };
  }

  #ofKind<K extends ResourceKind>(kind: K): readonly Extract<Resource, { readonly kind: K }>[] {
    return [...this.#resources.values()].filter(
      (resource): resource is Extract<Resource, { readonly kind: K }> => resource.kind === kind,
    );
  }

  #holds(resource: Resource, problems: readonly Problem[]): boolean {
    if (problems.length > 0) this.#problems.set(resourceKey(resource), problems);
    return problems.length === 0;
  }

  #profile(profile: Profile): CompiledProfile | null {
    const known = this.#profiles.get(profile.name);
    if (known !== undefined) return known;
    this.#profiles.set(profile.name, null);
    const compiled = this.#compile(profile);
    if (compiled.ok) this.#profiles.set(profile.name, compiled.value);
    return this.#holds(profile, compiled.ok ? [] : compiled.error) && compiled.ok
      ? compiled.value
      : null;
  }

  /** Reports everything that is wrong: the profile is read even if the one that it extends is not there. */
  #compile(profile: Profile): Result<CompiledProfile, readonly Problem[]> {
    const { registry, compileCustomRule } = this.#options;
    const parent = this.#parentOf(profile);
    const problems: Problem[] = [];
    if (typeof parent === "string") problems.push(resourceProblem("spec.extends", parent));
    const known = typeof parent === "string" ? null : parent;
    const baseline = profile.baseline ?? known?.baseline ?? DEFAULT_BASELINE.name;
    if (!this.#resources.has(resourceKey({ kind: "Baseline", name: baseline }))) {
      problems.push(resourceProblem("spec.baseline", this.#missing("Baseline", baseline)));
    }
    const sources = { registry, parent: known, baseline, compileCustomRule };
    const compiled = compileProfile(profile, sources);
    if (problems.length === 0) return compiled;
    return failure([...problems, ...(compiled.ok ? [] : compiled.error)]);
  }

  /** The profile that one extends, null where it extends none, or what is wrong with that. */
  #parentOf(profile: Profile): CompiledProfile | null | string {
    if (profile.extends === null) return null;
    if (this.#isChainTooLong(profile)) {
      return `stands on more than ${MAX_CHAIN} profiles, one upon the other`;
    }
    const resource = this.#profileOf(profile.extends);
    return resource === undefined
      ? this.#missing("Profile", profile.extends, profile.name)
      : this.#parent(resource);
  }

  /** Asked before any of them is compiled, which happens recursively. A circle has a message of its own. */
  #isChainTooLong(profile: Profile): boolean {
    const seen = new Set<string>();
    let name = profile.extends;
    while (name !== null && !seen.has(name) && seen.size <= MAX_CHAIN) {
      seen.add(name);
      name = this.#profileOf(name)?.extends ?? null;
    }
    return seen.size > MAX_CHAIN;
  }

  #profileOf(name: string): Profile | undefined {
    const key = resourceKey({ kind: "Profile", name });
    const resource = this.#resources.get(key) ?? this.#retired.get(key);
    return resource?.kind === "Profile" ? resource : undefined;
  }

  /** The profile, or what is wrong with extending it. */
  #parent(resource: Profile): CompiledProfile | string {
    const { name } = resource;
    const isCircle =
      this.#profiles.get(name) === null && !this.#problems.has(resourceKey(resource));
    if (isCircle) return `\`${name}\` extends this profile in turn`;
    return this.#profile(resource) ?? `profile \`${name}\` cannot be used itself`;
  }

  #complaintsAbout({ namespace, ...exemption }: Exemption): readonly Problem[] {
    const { registry, ownNamespace } = this.#options;
    const complaints: Problem[] = [];
    const complain = (path: string, message: string): void => {
      complaints.push(resourceProblem(path, message));
    };
    // SECURITY: whoever may write Exemptions in one namespace must not excuse another.
    if (exemption.namespaceSelector !== null && namespace !== ownNamespace) {
      complain("spec.namespaceSelector", `is allowed in namespace \`${ownNamespace}\` alone`);
    }
    for (const [index, id] of exemption.rules.entries()) {
      const at = `spec.rules[${index}]`;
      const validator = registry.get(id);
      if (validator === undefined && !this.#isCustomRule(id)) {
        // What a denial has in the place of a rule's id.
        const isInvariant = id.startsWith("invariant");
        const message = noRule(id, registry);
        complain(
          at,
          isInvariant ? `${message}; \`spec.invariants\` takes the names of Invariants` : message,
        );
      }
      // SECURITY: these keep Ringfence itself in place; RBAC's verb `optout` is the way around them.
      if (validator?.onFault === "deny") complain(at, `nobody can be excused from \`${id}\``);
    }
    for (const [index, name] of exemption.invariants.entries()) {
      if (this.#resources.has(resourceKey({ kind: "Invariant", name }))) continue;
      complain(`spec.invariants[${index}]`, this.#missing("Invariant", name));
    }
    return complaints;
  }

  /** The message that there is none of that name, with the one that may be meant, other than the one that names it. */
  #missing(kind: ResourceKind, name: string, asker?: string): string {
    const names = this.#ofKind(kind).flatMap((one) => (one.name === asker ? [] : [one.name]));
    const noun = kind === "Profile" ? "profile" : kind;
    return `there is no ${noun} \`${name}\`${didYouMean(name, names)}`;
  }

  #isCustomRule(id: string): boolean {
    return this.#ofKind("Profile").some(({ customRules }) =>
      customRules.some((rule) => rule.id === id),
    );
  }
}
