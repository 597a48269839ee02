import { isDay } from "./is-day.ts";
import { parseRequestUri } from "./request-uri.ts";
import { EvaluationError, Opaque, type TypeName } from "./value.ts";

/** A form of text that Kubernetes has a name for. */
export class NamedFormat extends Opaque {
  readonly typeName: TypeName = "kubernetes.NamedFormat";
  readonly name: string;
  /** All that is wrong with a text; empty where nothing is. */
  readonly faultsOf: (text: string) => readonly string[];

  constructor(name: string, faultsOf: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.faultsOf = faultsOf;
  }

  override equals(other: Opaque): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }

  override toString(): string {
    return this.name;
  }
}

type Check = NamedFormat["faultsOf"];

const LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const ENDS = "and begin and end with a letter or digit";

const label = matching(LABEL, `must be small letters, digits and \`-\`, ${ENDS}`, 63);
const subdomain = matching(
  `${LABEL}(?:\\.${LABEL})*`,
  `must be small letters, digits, \`-\` and \`.\`, ${ENDS}`,
  253,
);
const label1035 = matching(
  "[a-z](?:[-a-z0-9]*[a-z0-9])?",
  "must be small letters, digits and `-`, begin with a letter, and end with a letter or digit",
  63,
);
const labelKey = matching(
  "(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
  `must be letters, digits, \`-\`, \`_\` and \`.\`, ${ENDS}`,
  63,
);

const UUID = /^[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const TIME = /^[tT](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:[.,]\d+)?(?:[zZ]|[+-]\d\d:\d\d)$/;

const CHECKS: Readonly<Record<string, Check>> = {
  dns1123Label: label,
  dns1123Subdomain: subdomain,
  dns1035Label: label1035,
  qualifiedName,
  dns1123LabelPrefix: (text) => label(asPrefix(text)),
  dns1123SubdomainPrefix: (text) => subdomain(asPrefix(text)),
  dns1035LabelPrefix: (text) => label1035(asPrefix(text)),
  labelValue: (text) => (text === "" ? [] : labelKey(text)),
  uri(text) {
    const uri = parseRequestUri(text);
    return uri instanceof EvaluationError ? [uri.message] : [];
  },
  uuid: holding((text) => UUID.test(text), "is not a UUID"),
  byte: holding(
    (text) => text !== "" && text.length % 4 === 0 && BASE64.test(text),
    "is not base64",
  ),
  date: holding(isDay, "is not a date"),
  datetime: holding(
    (text) => isDay(text.slice(0, 10)) && TIME.test(text.slice(10)),
    "is not a date and time",
  ),
};

/** The formats that Kubernetes has names for (its CEL library `format`). */
export const NAMED_FORMATS: ReadonlyMap<string, NamedFormat> = new Map(
  Object.entries(CHECKS).map(([name, check]) => [name, new NamedFormat(name, check)]),
);

function holding(holds: (text: string) => boolean, fault: string): Check {
  return (text) => (holds(text) ? [] : [fault]);
}

/** What is too long is not looked at: nothing but its length is in proportion to it. */
function matching(form: string, fault: string, most: number): Check {
  const pattern = new RegExp(`^(?:${form})$`);
  const check = holding((text) => pattern.test(text), fault);
  return (text) => (text.length > most ? [`must have at most ${most} characters`] : check(text));
}

/** Kubernetes: what comes before the `/` of a key, if there is one, is a domain. */
function qualifiedName(text: string): readonly string[] {
  const [first = "", second, ...others] = text.split("/", 3);
  if (second === undefined) return labelKey(first);
  if (others.length > 0) return ["must have at most one `/`"];
  return [
    ...subdomain(first).map((fault) => `what stands before \`/\` ${fault}`),
    ...labelKey(second).map((fault) => `what stands behind \`/\` ${fault}`),
  ];
}

/** Kubernetes, of names that something is appended to (`maskTrailingDash`): a dash at the end is no fault. */
function asPrefix(text: string): string {
  return text.length > 1 && text.endsWith("-") ? `${text.slice(0, -2)}a` : text;
}
