import type { Frame } from "../frame.ts";
import { func, method, type Overload, type TypeText } from "../overload.ts";
import { parseRequestUri } from "../request-uri.ts";
import { parseUrl, type Url } from "../url.ts";
import { Dictionary, EvaluationError, type Value } from "../value.ts";

const URL = "kubernetes.URL";

/** Kubernetes' library for URLs. */
export const URLS: readonly Overload[] = [
  func("url", ["string"], URL, ([text], frame) => {
    frame.charge(text.length);
    return parseUrl(text);
  }),
  func("isURL", ["string"], "bool", ([text], frame) => {
    frame.charge(text.length);
    return !(parseRequestUri(text) instanceof EvaluationError);
  }),
  part("getScheme", "string", (url) => url.scheme),
  part("getHost", "string", (url) => url.host),
  part("getHostname", "string", (url) => url.hostname),
  part("getPort", "string", (url) => url.port),
  part("getEscapedPath", "string", (url) => url.escapedPath),
  part("getQuery", "map(string, list(string))", (url) => new Dictionary(url.query)),
];

function part(name: string, result: TypeText, read: (url: Url) => Value): Overload {
  return method(name, [URL], result, ([url], frame: Frame) => {
    frame.charge(url.toString().length);
    return read(url);
  });
}
