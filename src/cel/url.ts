import { BAD_ESCAPE, parseRequestUri, type RequestUri } from "./request-uri.ts";
import { EvaluationError, List, type MapKey, Opaque, quoted, type TypeName } from "./value.ts";

/** In a path that has nothing but these, what is escaped and what is not stays so (Go: `validEncoded`). */
const ESCAPED_PATH = /^(?:[\w.~!$&'()*+,;=:@/[\]-]|%[0-9A-Fa-f]{2})*$/;
const PLAIN = /^[\w.~$&+,/:;=@-]$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A URL, whose parts are those of Go's `url.URL`. */
export class Url extends Opaque {
  readonly typeName: TypeName = "kubernetes.URL";
  readonly #text: string;
  readonly #uri: RequestUri;

  constructor(text: string, uri: RequestUri) {
    super();
    this.#text = text;
    this.#uri = uri;
  }

  get scheme(): string {
    return this.#uri.scheme;
  }

  get host(): string {
    return unescaped(this.#uri.host);
  }

  /** Without the brackets of an IPv6 address. */
  get hostname(): string {
    return this.host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  }

  get port(): string {
    return /:(?<port>\d*)$/.exec(this.host)?.groups?.["port"] ?? "";
  }

  get escapedPath(): string {
    const { path } = this.#uri;
    if (ESCAPED_PATH.test(path)) return path;
    return Array.from(bytesOf(path), escaped).join("");
  }

  /** The values of each key. Go: a pair with a `;` or a bad escape is passed over. */
  get query(): ReadonlyMap<MapKey, List> {
    const pairs = this.#uri.query
      .split("&")
      .filter((pair) => pair !== "" && !pair.includes(";") && !BAD_ESCAPE.test(pair))
      .map((pair) => pair.replaceAll("+", " ").split("="));
    const byKey = Map.groupBy(pairs, ([key = ""]) => unescaped(key));
    return new Map(
      byKey
        .entries()
        .map(([key, some]) => [
          key,
          new List(some.map(([, ...value]) => unescaped(value.join("=")))),
        ]),
    );
  }

  override equals(other: Opaque): boolean {
    return other instanceof Url && other.toString() === this.toString();
  }

  override toString(): string {
    return this.#text;
  }
}

/** Read a URL; unlike to `parseRequestUri`, `#` begins a fragment, and `//` a host. */
export function parseUrl(text: string): Url | EvaluationError {
  const whole = parseRequestUri(text);
  if (whole instanceof EvaluationError) return whole;
  const [start = "", ...fragment] = text.split("#");
  if (BAD_ESCAPE.test(fragment.join("#"))) {
    return new EvaluationError(`${quoted(text)} is not a URL: its fragment has a bad escape`);
  }
  const isWithoutScheme = /^\/\/(?!\/)/.test(start);
  const uri = parseRequestUri(isWithoutScheme ? `any:${start}` : start);
  if (uri instanceof EvaluationError) return uri;
  const scheme = isWithoutScheme ? "" : uri.scheme;
  return new Url(scheme + text.slice(scheme.length), { ...uri, scheme });
}

function unescaped(text: string): string {
  return decoder.decode(bytesOf(text));
}

/** The bytes of a text, with those that are escaped in it. */
function bytesOf(text: string): Uint8Array {
  const pieces = text.split(/(%[0-9A-Fa-f]{2})/);
  return Uint8Array.from(
    pieces.flatMap((piece, index) =>
      index % 2 === 1 ? [Number.parseInt(piece.slice(1), 16)] : [...encoder.encode(piece)],
    ),
  );
}

function escaped(byte: number): string {
  const sign = String.fromCharCode(byte);
  return PLAIN.test(sign) ? sign : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
}
