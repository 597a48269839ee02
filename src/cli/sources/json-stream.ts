/** A value of a JSON text, and where it begins, or the space before it. */
export interface JsonPart {
  readonly value: unknown;
  readonly start: number;
}

/**
 * The values of a text of JSON: one, or several one after the other, as `kubectl get -o json` twice into
 * one file and `jq` write them. Null where it is no JSON after all, such as a flow mapping of YAML.
 */
export function parseJsonStream(text: string): readonly JsonPart[] | null {
  if (!/^\s*[{[]/.test(text)) return null;
  const whole = parsed(text);
  if (whole !== undefined) return [{ value: whole, start: 0 }];
  const parts: JsonPart[] = [];
  for (const { start, end } of valuesIn(text)) {
    const value = parsed(text.slice(start, end));
    if (value === undefined) return null;
    parts.push({ value, start });
  }
  return parts;
}

/** Undefined is no value of JSON. */
function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** Where brackets outside of strings open and close; what is between two values is part of the next. */
function* valuesIn(text: string): Generator<{ readonly start: number; readonly end: number }> {
  let start = 0;
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/[{}[\]]|"(?:[^"\\]|\\.)*"/gs)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    if (depth > 0 || token.startsWith('"')) continue;
    const end = index + 1;
    yield { start, end };
    start = end;
  }
  if (text.slice(start).trim() !== "") yield { start, end: text.length };
}
