import { printable } from "../wire/printable.ts";
import { fitWarnings } from "./fit-warnings.ts";

/**
 * Status codes of a refusal, and the reason kubectl prints in brackets. The API server turns a
 * refusal without a code into 400, so every one has its own.
 */
const STATUS = {
  denied: { code: 403, reason: "Forbidden" },
  invalid: { code: 422, reason: "Invalid" },
  fault: { code: 500, reason: "InternalError" },
  unavailable: { code: 503, reason: "ServiceUnavailable" },
} as const;

type Refusal = keyof typeof STATUS;

/** Annotation values are stored with every audit event: short, and never object contents. */
const MAX_ANNOTATION_RUNES = 512;

/** Longer than any line made here; text that people have written may be longer. */
const MAX_LINE_RUNES = 1000;

/**
 * What an audit event says of a decision, under keys that are legal qualified names; `outcome` is
 * why the request was not judged in the ordinary way.
 */
export type AuditAnnotations = Partial<
  Readonly<
    Record<
      "profile" | "rules" | "excused" | "exemptions" | "waived" | "opened" | "closed" | "outcome",
      string
    >
  >
>;

/** What goes with a reply whichever way it falls. */
export interface Remarks {
  readonly warnings: readonly string[];
  readonly audit: AuditAnnotations;
}

export interface AdmissionReply {
  readonly apiVersion: "admission.k8s.io/v1";
  readonly kind: "AdmissionReview";
  readonly response: {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
    readonly warnings?: readonly string[];
    readonly auditAnnotations?: Readonly<Record<string, string>>;
    readonly patchType?: "JSONPatch";
    /** Base64 of the patch. */
    readonly patch?: string;
  };
}

const NO_REMARKS: Remarks = { warnings: [], audit: {} };

/** The request may pass. */
export function allowed(uid: string, remarks = NO_REMARKS): AdmissionReply {
  return reply({ uid, allowed: true, ...remarksOf(remarks) });
}

/** The request may pass with a JSON Patch (RFC 6902); with an empty one it is left as it was. */
export function patched(uid: string, patch: readonly object[]): AdmissionReply {
  if (patch.length === 0) return allowed(uid);
  return reply({
    ...allowed(uid).response,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
  });
}

/** A rule forbids it. */
export function denied(uid: string, message: string, remarks = NO_REMARKS): AdmissionReply {
  return refused("denied", uid, message, remarks);
}

/** The request or its object cannot be read. */
export function invalid(uid: string, message: string, remarks = NO_REMARKS): AdmissionReply {
  return refused("invalid", uid, message, remarks);
}

/** Ringfence itself failed. */
export function fault(uid: string, message: string, remarks = NO_REMARKS): AdmissionReply {
  return refused("fault", uid, message, remarks);
}

/** Ringfence cannot judge now, but will be able to. */
export function unavailable(uid: string, message: string, remarks = NO_REMARKS): AdmissionReply {
  return refused("unavailable", uid, message, remarks);
}

function refused(kind: Refusal, uid: string, message: string, remarks: Remarks): AdmissionReply {
  const { code, reason } = STATUS[kind];
  return reply({
    uid,
    allowed: false,
    status: { code, reason, message: linesOf(message) },
    ...remarksOf(remarks),
  });
}

/** SECURITY: text from an object must not control the terminal of whoever reads the message. */
function linesOf(message: string): string {
  return message
    .split("\n")
    .map((line) => printable(line, MAX_LINE_RUNES))
    .join("\n");
}

function reply(response: AdmissionReply["response"]): AdmissionReply {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response };
}

function remarksOf({ warnings, audit }: Remarks): Partial<AdmissionReply["response"]> {
  const auditAnnotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(audit)) {
    auditAnnotations[key] = printable(value, MAX_ANNOTATION_RUNES);
  }
  return warnings.length === 0
    ? { auditAnnotations }
    : { auditAnnotations, warnings: fitWarnings(warnings) };
}
