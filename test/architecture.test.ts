import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, it } from "vitest";

/** What one layer may import. `types`: by `import type` only. */
interface Layer {
  readonly name: string;
  readonly imports: readonly string[];
  readonly types: readonly string[];
  readonly packages: readonly string[];
  /** Whether `node:` modules may be imported: the engine has no world around it. */
  readonly node: boolean;
}

/**
 * The layers of docs/explanation/architecture.md. Dependencies point one way; what a layer needs
 * from above it declares as an interface, and src/main.ts hands it in.
 */
const LAYERS: readonly Layer[] = [
  layer("errors.ts", { node: false }),
  layer("nearest.ts", { packages: ["leven"], node: false }),
  layer("engine", { node: false }),
  layer("cel", {
    imports: ["engine", "errors.ts", "nearest.ts"],
    packages: ["@bufbuild/cel", "@bufbuild/protobuf", "re2js"],
  }),
  layer("wire", { imports: ["engine", "errors.ts", "nearest.ts"], packages: ["zod", "leven"] }),
  layer("resources", { imports: ["engine", "wire", "errors.ts", "nearest.ts"], packages: ["zod"] }),
  layer("config", {
    imports: ["resources", "engine", "wire", "errors.ts", "nearest.ts"],
    packages: ["zod", "yaml"],
  }),
  // Rules declare the schema of their parameters.
  layer("rules", {
    imports: ["resources", "cel", "engine", "wire", "errors.ts", "nearest.ts"],
    packages: ["zod"],
  }),
  layer("validators", {
    imports: ["rules", "engine", "wire", "errors.ts", "nearest.ts"],
    types: ["resources"],
    packages: ["zod", "leven", "re2js"],
  }),
  layer("mutators", { imports: ["rules", "engine", "wire"] }),
  layer("admission", {
    imports: ["rules", "resources", "engine", "wire", "errors.ts"],
    types: ["config"],
  }),
  layer("server", { imports: ["admission", "errors.ts"], packages: ["fastify"] }),
  layer("cluster", {
    imports: ["engine", "wire", "errors.ts"],
    types: ["admission", "rules"],
    packages: ["@kubernetes/client-node"],
  }),
  layer("observability", {
    imports: ["errors.ts"],
    types: ["admission", "cluster", "engine", "rules"],
    packages: ["pino", "@prometheus-io/client"],
  }),
  layer("cli", {
    imports: [
      "engine",
      "wire",
      "resources",
      "config",
      "rules",
      "validators",
      "admission",
      "cluster",
      "errors.ts",
    ],
    packages: ["commander", "yaml", "leven"],
  }),
];

/** The composition root imports everything; nothing else imports it. */
const ROOT = ["main.ts", "composition"];

interface Import {
  readonly file: string;
  readonly from: string;
  /** A layer, a package or a `node:` module. */
  readonly to: string;
  readonly kind: "layer" | "package" | "node";
  readonly isType: boolean;
}

const IMPORT =
  /^\s*(?:import|export)\s(?:(?<clause>[^"';]*?)\sfrom\s+)?["'](?<static>[^"']+)["']|\bimport\(\s*["'](?<dynamic>[^"']+)["']/gm;

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => normalize(file));
const imports = files.flatMap(importsOf);

it("every folder of src is a layer, and every layer has files", () => {
  const found = new Set(files.map(layerOf));
  expect([...found].toSorted()).toEqual([...LAYERS.map(({ name }) => name), ...ROOT].toSorted());
});

it("sees the imports: every layer but the two without has some", () => {
  const importing = new Set(imports.map(({ from }) => from));
  const silent = LAYERS.map(({ name }) => name).filter((name) => !importing.has(name));
  expect(silent).toEqual(["errors.ts", "engine"]);
});

it.each(LAYERS)("$name imports what its row allows", (row) => {
  const forbidden = imports
    .filter(({ from }) => from === row.name)
    .filter((one) => !isAllowed(row, one))
    .map(({ file, to, isType }) => `${file} imports ${isType ? "types of " : ""}${to}`);
  expect(forbidden).toEqual([]);
});

function layer(name: string, allowed: Partial<Omit<Layer, "name">>): Layer {
  return { name, imports: [], types: [], packages: [], node: true, ...allowed };
}

function isAllowed(row: Layer, { to, kind, isType }: Import): boolean {
  switch (kind) {
    case "layer":
      return row.imports.includes(to) || (isType && row.types.includes(to));
    case "package":
      return row.packages.includes(to);
    case "node":
      return row.node;
    default:
      throw new TypeError(`not a kind of import: ${String(kind)}`);
  }
}

function importsOf(file: string): readonly Import[] {
  const from = layerOf(file);
  const found = readFileSync(join("src", file), "utf8").matchAll(IMPORT);
  return [...found].flatMap(({ groups }): readonly Import[] => {
    const target = groups?.["static"] ?? groups?.["dynamic"] ?? "";
    const isType = groups?.["clause"]?.startsWith("type ") ?? false;
    if (target.startsWith("node:")) return [{ file, from, to: target, kind: "node", isType }];
    if (!target.startsWith(".")) {
      return [{ file, from, to: packageOf(target), kind: "package", isType }];
    }
    const to = layerOf(normalize(join(dirname(file), target)));
    return to === from ? [] : [{ file, from, to, kind: "layer", isType }];
  });
}

/** The first folder, or the file itself where it lies directly in src. */
function layerOf(file: string): string {
  return file.split("/")[0] ?? file;
}

function packageOf(target: string): string {
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}
