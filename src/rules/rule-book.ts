import { setImmediate as nextTurn } from "node:timers/promises";
import type { Labels } from "../engine/model.ts";
import type { Problem, Result } from "../errors.ts";
import { type Baseline, DEFAULT_BASELINE } from "../resources/baseline.ts";
import { keysNeededBy, type NeededKeys } from "../resources/baseline-variables.ts";
import { type BaselineChoices, chosenBaseline } from "../resources/chosen-baseline.ts";
import type { Exemption } from "../resources/exemption.ts";
import type { Invariant } from "../resources/invariant.ts";
import { builtInProfiles } from "../resources/profile.ts";
import { misfitsOf } from "../resources/render-baseline.ts";
import { RESOURCE_KINDS, type Resource, resourceKey } from "../resources/resource.ts";
import { resourceProblem } from "../resources/resource-problem.ts";
import { type CompileOptions, compileResources, type InForce } from "./compile-resources.ts";
import type { CompiledProfile, CompiledProfiles } from "./rule.ts";

/** What the resources of files are called as a whole. */
export const FILES = "files of resources";

/** By `resourceKey`. */
type Resources = ReadonlyMap<string, Resource>;
type Problems = ReadonlyMap<string, readonly Problem[]>;

/** Told of the kinds of the resources that may have changed. */
type ChangeListener = (kinds: ReadonlySet<string>) => void;

/** The profiles in force, by name. */
export interface ProfileList extends CompiledProfiles {
  names(): readonly string[];
}

/**
 * Everything an organisation has decided: the built-in resources, those from files, and the custom resources of
 * the cluster. If the newest version of one is broken, the last good version stays in force. Of the same name,
 * a built-in one goes before one from a file, and that before a custom one.
 *
 * PERF: to take in one resource takes as long as there are others, so those that come at one moment, as in a list, are
 * taken in together: at its end, or when somebody asks.
 */
export class RuleBook {
  readonly profiles: ProfileList = {
    get: (name: string): CompiledProfile | undefined => this.#current().profiles.get(name),
    baselineNeeds: (name: string): NeededKeys | undefined => {
      const baseline = this.#current().baselines.get(name);
      return baseline === undefined ? undefined : keysNeededBy(baseline);
    },
    baselinePolicies: (name: string): readonly string[] =>
      this.#current()
        .baselines.get(name)
        ?.policies.map((policy) => policy.name) ?? [],
    baselineMisfits: (name, namespace): readonly Problem[] => {
      const baseline = this.#current().baselines.get(name);
      return baseline === undefined ? [] : misfitsOf(baseline, namespace);
    },
    names: (): readonly string[] => [...this.#current().profiles.keys()].toSorted(),
  };
  readonly #options: CompileOptions;
  readonly #builtIn: Resources;
  readonly #custom = new Map<string, Result<Resource, readonly Problem[]>>();
  readonly #listeners: ChangeListener[] = [];
  #files: Resources = new Map();
  /** The last version of each resource that was in force; those that are gone may still be extended. */
  #lastGood: Resources = new Map();
  #inForce: InForce;
  #keysInForce: ReadonlySet<string> = new Set();
  #problems: Problems = new Map();
  #fileProblems: readonly Problem[] = [];
  #version = 0;
  /** Of the custom resources that have changed and are not taken in. */
  readonly #awaited = new Set<string>();

  /** With the built-in resources; throws if one does not fit the rules, which is a defect. */
  constructor(options: CompileOptions) {
    this.#options = options;
    this.#builtIn = byKey([...builtInProfiles(options.registry.validators), DEFAULT_BASELINE]);
    const { inForce, problems } = compileResources(this.#builtIn, options);
    if (problems.size > 0) throw new TypeError(`not well-formed: ${[...problems.keys()].join()}`);
    this.#inForce = inForce;
  }

  /** See `chosenBaseline`. */
  baselineFor(labels: Labels): Result<Baseline, readonly Problem[]> {
    return chosenBaseline(labels, choicesOf(this.#current()));
  }

  /** The same for any namespace, as if that custom resource were there. */
  baselinesWith(resource: Resource): (labels: Labels) => Result<Baseline, readonly Problem[]> {
    this.settle();
    const custom = new Map(this.#good()).set(resourceKey(resource), resource);
    const { inForce } = compileResources(this.#merged(this.#files, custom), this.#options);
    return (labels) => chosenBaseline(labels, choicesOf(inForce));
  }

  /** Another number after every change of a resource, taken in or not. */
  get version(): number {
    return this.#version;
  }

  invariants(): readonly Invariant[] {
    return this.#current().invariants;
  }

  exemptions(): readonly Exemption[] {
    return this.#current().exemptions;
  }

  /**
   * What is wrong with resources whose newest version is not in force, by `resourceKey`; with files as a whole,
   * under `FILES`.
   */
  problems(): Problems {
    this.settle();
    const problems = this.#fileProblems;
    return problems.length === 0 ? this.#problems : new Map([...this.#problems, [FILES, problems]]);
  }

  /**
   * Note why the files cannot be used, or (without problems) that they can again: what they gave before is in
   * force.
   */
  noteFiles(problems: readonly Problem[]): void {
    this.#fileProblems = problems;
  }

  /** The version of the resource that is in force, if any is. */
  inForce(key: string): Resource | undefined {
    this.settle();
    return this.#keysInForce.has(key) ? this.#lastGood.get(key) : undefined;
  }

  /** Report whether a custom resource of that key counts for nothing: one is built in, or in a file. */
  isOverridden(key: string): boolean {
    return this.#builtIn.has(key) || this.#files.has(key);
  }

  /**
   * Take in what has changed now, and not in a moment. To be called before a preview: what listens changes the engine,
   * which must not happen during one.
   */
  settle(): void {
    if (this.#awaited.size === 0) return;
    const kinds = new Set(Array.from(this.#awaited, (key) => key.slice(0, key.indexOf(" "))));
    this.#awaited.clear();
    this.#rebuild(kinds);
  }

  /** Have `listener` called after every change of what is in force. */
  onChange(listener: ChangeListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Replace the resources that files gave before, all or none. If there is a problem with any of them, or with
   * a custom resource because of them, everything stays as it was, so that a typo cannot take a profile out of
   * force. A typo in a profile's name cannot either: a resource that is gone must have no `usersOf` its key
   * left.
   */
  replaceFiles(
    resources: readonly Resource[],
    usersOf: (key: string) => readonly string[] = () => [],
  ): readonly Problem[] {
    this.settle();
    const files = byKey(resources);
    const taken = [...files.keys()].filter((key) => this.#builtIn.has(key));
    const custom = this.#good();
    const gone = [...this.#files.keys()].filter((key) => !files.has(key) && !custom.has(key));
    const { problems } = compileResources(this.#merged(files, custom), this.#options);
    const before = compileResources(this.#merged(this.#files, custom), this.#options).problems;
    const bad = [
      ...taken.map((key) => about(key, IS_BUILT_IN)),
      ...gone.flatMap((key) => stillUsed(key, usersOf(key))),
      ...[...problems].flatMap(([key, of]) =>
        files.has(key) || !before.has(key) ? of.map((problem) => about(key, problem)) : [],
      ),
    ];
    if (bad.length > 0) return bad;
    this.#files = files;
    this.#version++;
    this.#rebuild(new Set(RESOURCE_KINDS.map(({ kind }) => kind)));
    return [];
  }

  /** Take a custom resource as the cluster has it; `key` is its `resourceKey`. */
  upsert(key: string, read: Result<Resource, readonly Problem[]>): void {
    this.#await(key);
    this.#custom.set(key, read);
  }

  /** A custom resource is gone. */
  delete(key: string): void {
    if (!this.#custom.has(key)) return;
    this.#await(key);
    this.#custom.delete(key);
  }

  /**
   * What would be wrong, with it and with others because of it, if the custom resource of that key were as
   * given, or gone (null).
   */
  judge(key: string, resource: Resource | null): readonly Problem[] {
    this.settle();
    if (resource !== null && this.#builtIn.has(key)) return [IS_BUILT_IN];
    if (resource !== null && this.#files.has(key)) return [IS_IN_A_FILE];
    const custom = new Map(this.#good());
    const compiled = (): Problems =>
      compileResources(this.#merged(this.#files, custom), this.#options).problems;
    const before = compiled();
    if (resource === null) custom.delete(key);
    else custom.set(key, resource);
    return [...compiled()].flatMap(([other, problems]) => {
      if (other === key) return problems;
      return before.has(other) ? [] : problems.map((problem) => about(other, problem));
    });
  }

  #current(): InForce {
    this.settle();
    return this.#inForce;
  }

  /** The resource of that key is about to change. */
  #await(key: string): void {
    // The version before may be the last good one.
    if (this.#awaited.has(key)) this.settle();
    // A defect is logged as a promise that nobody waits for; thrown into the event loop it would end the process.
    if (this.#awaited.size === 0) void nextTurn().then(() => this.settle());
    this.#awaited.add(key);
    this.#version++;
  }

  /** The custom resources; of one that cannot be read, the last version that could be used. */
  #good(): Resources {
    return new Map(
      Array.from(this.#custom).flatMap(([key, read]) => {
        const resource = read.ok ? read.value : this.#lastGood.get(key);
        return resource === undefined ? [] : [[key, resource]];
      }),
    );
  }

  #merged(files: Resources, custom: Resources): Resources {
    return new Map([...custom, ...files, ...this.#builtIn]);
  }

  #rebuild(kinds: ReadonlySet<string>): void {
    const wanted = this.#merged(this.#files, this.#good());
    const first = compileResources(wanted, this.#options);
    const lasting = new Map(
      Array.from(wanted, ([key, resource]) => {
        const good = first.problems.has(key) ? this.#lastGood.get(key) : undefined;
        return [key, good ?? resource] as const;
      }),
    );
    const { inForce, problems } = compileResources(lasting, this.#options, this.#lastGood);
    const inUse = Array.from(lasting).filter(([key]) => !problems.has(key));
    this.#inForce = inForce;
    this.#keysInForce = new Set(inUse.map(([key]) => key));
    this.#lastGood = new Map([...this.#lastGood, ...inUse]);
    this.#problems = this.#complaints({ first: first.problems, last: problems, lasting, wanted });
    for (const listener of this.#listeners) listener(kinds);
  }

  /** Why the newest version of a resource is not in force, for every such resource. */
  #complaints(compiled: {
    readonly first: Problems;
    readonly last: Problems;
    readonly lasting: Resources;
    readonly wanted: Resources;
  }): Problems {
    const { first, last, lasting, wanted } = compiled;
    const complaints = new Map<string, readonly Problem[]>();
    for (const [key, problems] of first) {
      const isInForce = lasting.get(key) === wanted.get(key) && !last.has(key);
      if (!isInForce) complaints.set(key, problems);
    }
    for (const [key, read] of this.#custom) {
      if (!read.ok) complaints.set(key, read.error);
      else if (this.#builtIn.has(key)) complaints.set(key, [IS_BUILT_IN]);
      else if (this.#files.has(key)) complaints.set(key, [IS_IN_A_FILE]);
    }
    return complaints;
  }
}

const IS_BUILT_IN = resourceProblem(
  "metadata.name",
  "is built in and cannot be replaced; choose another name",
);

const IS_IN_A_FILE = resourceProblem(
  "metadata.name",
  "a file of the configuration has the same name, and is in force; choose another name",
);

function choicesOf({ profiles, baselines }: InForce): BaselineChoices {
  return {
    ofProfile: (name) => profiles.get(name)?.baseline,
    named: (name) => baselines.get(name),
  };
}

function byKey(resources: readonly Resource[]): Resources {
  return new Map(resources.map((resource) => [resourceKey(resource), resource]));
}

function stillUsed(key: string, users: readonly string[]): readonly Problem[] {
  const [first] = users;
  if (first === undefined) return [];
  const who =
    users.length === 1
      ? `namespace \`${first}\` uses it`
      : `${users.length} namespaces such as \`${first}\` use it`;
  return [about(key, resourceProblem("", `is in no file any more, but ${who}`))];
}

function about(key: string, { code, path, message }: Problem): Problem {
  return { code, path, message: `${key}: ${message}` };
}
