import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import { failure, messageOf, type Problem, type Result, success } from "../errors.ts";
import { didYouMean } from "../nearest.ts";
import { isObject, parseShape } from "../wire/shape.ts";
import { readValue, SETTINGS, type Settings, settingsSchema } from "./settings.ts";
import { parseYaml } from "./yaml-documents.ts";

/** How the process runs. Nothing reads flags or the environment after this. */
export interface Config
  extends Readonly<
    Omit<Settings, "kubeconfig" | "dnsPodLabels" | "dnsAddresses" | "podCidrs" | "serviceCidrs">
  > {
  /** Null: where kubectl looks, then the pod's ServiceAccount. */
  readonly kubeconfig: string | null;
  readonly dnsPodLabels: Readonly<Record<string, string>>;
  readonly dnsAddresses: readonly string[];
  readonly podCidrs: readonly string[];
  readonly serviceCidrs: readonly string[];
}

/** What a source says: values by the name of the setting, and how to locate a problem with one. */
interface Source {
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
  readonly locate: (problem: Problem) => Problem;
}

interface Text {
  /** The flag or the variable. */
  readonly where: string;
  readonly text: string | undefined;
}

const FILE = { flag: "--config", variable: "RINGFENCE__CONFIG" };

/**
 * The configuration of flags (`argv` without the program), then the environment, then the file that
 * `--config` or `RINGFENCE__CONFIG` names, then the defaults: whoever says something first wins.
 * Everything wrong with any of them comes back, with the flag, the variable, or file, line and field.
 */
export function loadConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Result<Config, readonly Problem[]> {
  const given = { flag: readFlags(argv), variable: readVariables(env) };
  const path = lastOf(given.flag, FILE.flag) ?? lastOf(given.variable, FILE.variable);
  const sources = [
    readTexts(given.flag, "flag"),
    readTexts(given.variable, "variable"),
    ...(path === undefined ? [] : [readFile(path)]),
  ];
  const settings = parseShape(
    settingsSchema,
    Object.fromEntries(sources.toReversed().flatMap(({ values }) => Object.entries(values))),
  );
  const problems = [
    ...sources.flatMap((source) => source.problems),
    ...(settings.ok ? [] : settings.error.map((problem) => locateIn(sources, problem))),
  ];
  if (settings.ok && problems.length === 0) return success(freeze(settings.value));
  return failure(problems.map((problem) => ({ ...problem, code: "NP_E_CONFIG" })));
}

function freeze(settings: Settings): Config {
  const { ownNamespace, ownUsername, kubeconfig, identity } = settings;
  return Object.freeze({
    ...settings,
    dnsPodLabels: Object.freeze(settings.dnsPodLabels),
    dnsAddresses: Object.freeze(settings.dnsAddresses),
    podCidrs: Object.freeze(settings.podCidrs),
    ownUsername: ownUsername || `system:serviceaccount:${ownNamespace}:ringfence`,
    kubeconfig: kubeconfig || null,
    identity: identity || hostname(),
  });
}

function readFlags(argv: readonly string[]): readonly Text[] {
  const flags = [FILE.flag, ...SETTINGS.map(({ flag }) => flag)];
  const options = Object.fromEntries(
    flags.map((flag) => [flag.slice(2), { type: "string" } as const]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  return tokens.map((token) => {
    if (token.kind === "option") return { where: token.rawName, text: token.value };
    return { where: token.kind === "positional" ? token.value : "--", text: undefined };
  });
}

function readVariables(env: Readonly<Record<string, string | undefined>>): readonly Text[] {
  return Object.entries(env)
    .filter(([where]) => where.startsWith("RINGFENCE__"))
    .map(([where, text]) => ({ where, text }));
}

function readTexts(texts: readonly Text[], kind: "flag" | "variable"): Source {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const { where, text } of texts) {
    const setting = SETTINGS.find((candidate) => candidate[kind] === where);
    if (setting === undefined && where !== FILE[kind]) {
      const known = [FILE[kind], ...SETTINGS.map((candidate) => candidate[kind])];
      const message = `there is no such ${kind}${didYouMean(where, known)}`;
      problems.push({ code: "NP_E_CONFIG", path: where, message });
    } else if (text === undefined) {
      problems.push({ code: "NP_E_CONFIG", path: where, message: "needs a value" });
    } else if (setting !== undefined) values[setting.name] = readValue(setting.name, text);
  }
  return {
    values,
    problems,
    locate: (problem) => {
      const setting = SETTINGS.find(({ name }) => name === nameOf(problem));
      return { ...problem, path: setting?.[kind] ?? problem.path };
    },
  };
}

function readFile(path: string): Source {
  const text = readText(path);
  if (!text.ok) return unusable([text.error]);
  const documents = parseYaml(text.value, path);
  if (!documents.ok) return unusable(documents.error);
  const [document, ...others] = documents.value;
  if (document === undefined) return unusable([]);
  if (others.length > 0 || !isObject(document.value)) {
    return unusable([{ code: "NP_E_CONFIG", path, message: "is not one document of settings" }]);
  }
  return { values: document.value, problems: [], locate: document.locate };
}

function unusable(problems: readonly Problem[]): Source {
  return { values: {}, problems, locate: (problem) => problem };
}

function readText(path: string): Result<string, Problem> {
  try {
    return success(readFileSync(path, "utf8"));
  } catch (error) {
    const message = `cannot be read: ${messageOf(error)}`;
    return failure({ code: "NP_E_CONFIG", path, message });
  }
}

/** The problem as located by its source: the first one that sets the setting. */
function locateIn(sources: readonly Source[], problem: Problem): Problem {
  const source = sources.find(({ values }) => Object.hasOwn(values, nameOf(problem)));
  return source?.locate(problem) ?? problem;
}

function nameOf(problem: Problem): string {
  return problem.path.split(/[.[]/)[0] ?? "";
}

function lastOf(texts: readonly Text[], where: string): string | undefined {
  return texts.findLast((text) => text.where === where)?.text;
}
