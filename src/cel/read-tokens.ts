/** A piece of an expression: what it is and where. */
export interface Token {
  readonly kind: "literal" | "name" | "quoted" | "sign" | "unreadable" | "end";
  readonly text: string;
  readonly offset: number;
}

const SPACE = /(?:[\t\n\f\r ]|\/\/[^\r\n]*)*/y;
const BYTE_ESCAPE = String.raw`\\(?:[abfnrtv\\'"?\x60]|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2})`;
const ESCAPE = String.raw`(?:${BYTE_ESCAPE}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})`;
const LITERAL = new RegExp(
  [
    // Bytes know no escapes of code points, and the parser tears what is beyond U+FFFF apart.
    String.raw`[bB](?:"""(?:${BYTE_ESCAPE}|[^\\\ud800-\udfff])*?"""|'''(?:${BYTE_ESCAPE}|[^\\\ud800-\udfff])*?''')`,
    String.raw`[bB](?:"(?:${BYTE_ESCAPE}|[^"\\\r\n\ud800-\udfff])*"|'(?:${BYTE_ESCAPE}|[^'\\\r\n\ud800-\udfff])*')`,
    // Raw text has no escapes; text in three quotes may have line breaks.
    String.raw`(?:[rR][bB]?|[bB][rR])(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"[^"\r\n]*"|'[^'\r\n]*')`,
    String.raw`(?:"""(?:${ESCAPE}|[^\\])*?"""|'''(?:${ESCAPE}|[^\\])*?''')`,
    String.raw`(?:"(?:${ESCAPE}|[^"\\\r\n])*"|'(?:${ESCAPE}|[^'\\\r\n])*')`,
    String.raw`(?:true|false|null)\b`,
    String.raw`0[xX][0-9a-fA-F]+[uU]?`,
    String.raw`(?:\d*\.\d+|\d+)(?:[eE][+-]?\d+)?[uU]?`,
  ].join("|"),
  "y",
);
const NAME = /(?![bBrR]{1,2}["'])[A-Za-z_]\w*/y;
/** CEL, `ESC_IDENTIFIER`: a field whose name is no name. */
const QUOTED = /`[\w./ -]+`/y;
const SIGN = /&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]{}]/y;

/** A letter and the quote behind it, or whatever it is. */
const UNREADABLE = /[bBrR]{1,2}["']|[^]/y;

const KINDS = [
  ["literal", LITERAL],
  ["name", NAME],
  ["quoted", QUOTED],
  ["sign", SIGN],
] as const;

/** The tokens of an expression, the last of them its end or what cannot be read. */
export function* readTokens(text: string): Generator<Token> {
  let offset = 0;
  for (;;) {
    offset = skipSpace(text, offset);
    const token = tokenAt(text, offset);
    yield token;
    if (token.kind === "end" || token.kind === "unreadable") return;
    offset += token.text.length;
  }
}

/** Where what stands at `offset`, or behind space and comments there, begins. */
export function skipSpace(text: string, offset: number): number {
  return offset + match(SPACE, text, offset).length;
}

function tokenAt(text: string, offset: number): Token {
  if (offset === text.length) return { kind: "end", text: "", offset };
  for (const [kind, pattern] of KINDS) {
    const found = match(pattern, text, offset);
    if (found !== "") return { kind, text: found, offset };
  }
  return { kind: "unreadable", text: match(UNREADABLE, text, offset), offset };
}

/** What `pattern`, which is sticky, matches at `offset`. */
function match(pattern: RegExp, text: string, offset: number): string {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0] ?? "";
}
