import { EvaluationError, quoted } from "./value.ts";

/** What a URI consists of (Go: `url.URL`); what is not there is empty. */
export interface RequestUri {
  readonly scheme: string;
  /** With the port; an IPv6 address in brackets. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
}

const SCHEME = "[A-Za-z][A-Za-z0-9+.-]*";
/** What follows a scheme without a slash is not looked at: `mailto:a`. */
const OPAQUE = new RegExp(
  `^(?:(?<scheme>${SCHEME}):(?!/)[^?]*(?:[?](?<query>[^]*))?|(?<path>[*]))$`,
);
const HIERARCHICAL = new RegExp(
  `^(?:(?<scheme>${SCHEME})://(?:(?<user>[^/?]*)@)?(?<host>[^/?@]*)|(?:(?<plain>${SCHEME}):)?(?=/))(?<path>[^?]*)(?:[?](?<query>[^]*))?$`,
);
const CONTROL = /[^ -~\u0080-\u{10ffff}]/u;
/** A `%` that two hexadecimal digits do not follow. */
export const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const USER = /^[\w.~:!$&'()*+,;=%@-]*$/;
/** In a host only what is not ASCII is escaped, and the `%` of a zone. */
const HOST = /^(?:[\w.~!$&'()*+,;=:[\]<>"-]|[\u0080-\uffff]|%(?:25|[89A-Fa-f][0-9A-Fa-f]))*$/;
const IPV6_HOST = /^\[[0-9A-Fa-f:.]+(?:%25[^\]]+)?\](?::\d*)?$/;

/**
 * Read an absolute URI or path as Go's `url.ParseRequestURI` does. There is no fragment: `#` is a
 * character as any other, and so is a space in a path.
 */
export function parseRequestUri(text: string): RequestUri | EvaluationError {
  const parts = (OPAQUE.exec(text) ?? HIERARCHICAL.exec(text))?.groups;
  const fault = CONTROL.test(text) ? "there is a control character in it" : faultOf(parts);
  if (fault !== null) return new EvaluationError(`${quoted(text)} is not a URI: ${fault}`);
  const { scheme, plain, host = "", path = "", query = "" } = parts ?? {};
  return { scheme: (scheme ?? plain ?? "").toLowerCase(), host, path, query };
}

function faultOf(parts: Readonly<Record<string, string | undefined>> | undefined): string | null {
  if (parts === undefined) return "it begins with neither a scheme nor `/`";
  const { user = "", host = "", path = "" } = parts;
  if (BAD_ESCAPE.test(user + path)) return "a `%` is not followed by two hexadecimal digits";
  if (!USER.test(user)) return "what stands before `@` is no user";
  return isHost(host) ? null : `${quoted(host)} is no host`;
}

function isHost(host: string): boolean {
  if (host.startsWith("[")) return IPV6_HOST.test(host);
  const port = host.lastIndexOf(":");
  return HOST.test(host) && (port < 0 || /^\d*$/.test(host.slice(port + 1)));
}
