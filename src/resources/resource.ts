import { failure, type Problem, type Result, success } from "../errors.ts";
import { field, parseShape } from "../wire/shape.ts";
import { type Baseline, baselineSchema } from "./baseline.ts";
import { type Exemption, exemptionSchema } from "./exemption.ts";
import { type Invariant, invariantSchema } from "./invariant.ts";
import { type Profile, profileSchema } from "./profile.ts";
import { API_VERSION, GROUP } from "./resource-metadata.ts";
import { resourceProblem } from "./resource-problem.ts";

/** A document of one of Ringfence's own kinds. */
export type Resource = Profile | Invariant | Baseline | Exemption;

export type ResourceKind = Resource["kind"];

/** A kind: its schema, and what its CustomResourceDefinition says beside it. */
export interface KindDefinition {
  readonly kind: ResourceKind;
  /** For `kubectl explain`: a sentence. */
  readonly description: string;
  readonly schema:
    | typeof profileSchema
    | typeof invariantSchema
    | typeof baselineSchema
    | typeof exemptionSchema;
  readonly plural: string;
  readonly shortNames: readonly string[];
  readonly scope: "Cluster" | "Namespaced";
  readonly columns: readonly PrinterColumn[];
}

/** A column of `kubectl get`. */
interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "date" | "integer";
  readonly jsonPath: string;
  readonly priority?: number;
}

const READY: PrinterColumn = {
  name: "Ready",
  type: "string",
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
};
const AGE: PrinterColumn = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };
const DESCRIPTION: PrinterColumn = {
  name: "Description",
  type: "string",
  jsonPath: ".spec.description",
  priority: 1,
};

/** The four kinds: their schemas, and what kubectl calls and shows them by. */
export const RESOURCE_KINDS: readonly KindDefinition[] = [
  {
    kind: "Profile",
    description:
      "A Profile says which rules apply to the namespaces that name it, and what becomes of findings.",
    schema: profileSchema,
    plural: "profiles",
    shortNames: ["rfp"],
    scope: "Cluster",
    columns: [
      { name: "Extends", type: "string", jsonPath: ".spec.extends" },
      { name: "Baseline", type: "string", jsonPath: ".spec.baseline" },
      { name: "Namespaces", type: "integer", jsonPath: ".status.namespaces" },
      { name: "Findings", type: "integer", jsonPath: ".status.findings" },
      READY,
      AGE,
      DESCRIPTION,
    ],
  },
  {
    kind: "Invariant",
    description: "An Invariant says who must never reach whom, or always.",
    schema: invariantSchema,
    plural: "invariants",
    shortNames: ["rfi"],
    scope: "Cluster",
    columns: [
      { name: "Action", type: "string", jsonPath: ".spec.action" },
      {
        name: "Holds",
        type: "string",
        jsonPath: '.status.conditions[?(@.type=="Holds")].status',
      },
      READY,
      AGE,
      DESCRIPTION,
    ],
  },
  {
    kind: "Baseline",
    description: "A Baseline has the NetworkPolicies that namespaces are kept with.",
    schema: baselineSchema,
    plural: "baselines",
    shortNames: ["rfb"],
    scope: "Cluster",
    columns: [
      { name: "Namespaces", type: "integer", jsonPath: ".status.namespaces" },
      { name: "Up-to-date", type: "integer", jsonPath: ".status.upToDate" },
      READY,
      AGE,
      DESCRIPTION,
    ],
  },
  {
    kind: "Exemption",
    description: "An Exemption excuses policies from rules for a time.",
    schema: exemptionSchema,
    plural: "exemptions",
    shortNames: ["rfe"],
    scope: "Namespaced",
    columns: [
      { name: "Rules", type: "string", jsonPath: ".spec.rules" },
      { name: "Invariants", type: "string", jsonPath: ".spec.invariants" },
      { name: "Owner", type: "string", jsonPath: ".spec.owner" },
      { name: "Expires", type: "string", jsonPath: ".spec.expires" },
      READY,
      { name: "Reason", type: "string", jsonPath: ".spec.reason", priority: 1 },
    ],
  },
];

/** Report whether `raw` says that it is of one of Ringfence's own kinds, whatever is wrong with it. */
export function isResource(raw: unknown): boolean {
  const apiVersion = field(raw, "apiVersion");
  return typeof apiVersion === "string" && apiVersion.startsWith(`${GROUP}/`);
}

/** Read a document of any of the four kinds. An unknown field is reported with its path. */
export function parseResource(raw: unknown): Result<Resource, readonly Problem[]> {
  const version = field(raw, "apiVersion");
  const kind = field(raw, "kind");
  const definition = RESOURCE_KINDS.find((one) => one.kind === kind);
  if (version !== API_VERSION) return failure([notOneOf("apiVersion", version, [API_VERSION])]);
  if (definition === undefined) {
    return failure([
      notOneOf(
        "kind",
        kind,
        RESOURCE_KINDS.map((one) => one.kind),
      ),
    ]);
  }
  const read = parseShape(definition.schema, raw);
  if (!read.ok) return failure(read.error.map((it) => ({ ...it, code: "NP_E_RESOURCE" as const })));
  return success(read.value);
}

/** `Profile restricted`, `Exemption shop/legacy`: a name that no two resources share. */
export function resourceKey(resource: {
  readonly kind: ResourceKind;
  readonly namespace?: string;
  readonly name: string;
}): string {
  const { kind, namespace = "", name } = resource;
  return namespace === "" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}

function notOneOf(path: string, given: unknown, wanted: readonly string[]): Problem {
  const names = wanted.map((name) => `\`${name}\``).join(", ");
  const expected = wanted.length === 1 ? names : `one of ${names}`;
  const message =
    typeof given === "string"
      ? `\`${given}\` is not ${expected}`
      : `is missing; expected ${expected}`;
  return resourceProblem(path, message);
}
