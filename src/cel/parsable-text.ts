import { readTokens, type Token } from "./read-tokens.ts";

/** An expression as the parser takes it, which knows neither optional values nor fields in backquotes. */
export interface ParsableText {
  /**
   * The same, with spaces in place of comments and of every `?` that marks something as optional, and
   * underscores in place of fields in backquotes.
   */
  readonly text: string;
  /**
   * Report whether there was a mark: at the field or index whose `.` or `[` is at `offset`, or at
   * the item with the number `index` of a list or map that begins there.
   */
  isMarked(offset: number, index: number): boolean;
  /** What stands in backquotes behind the `.` at `offset`. */
  quotedAt(offset: number): string | undefined;
}

/** What a `?` marks: the sign that comes before, and which of the items behind it. */
interface Place {
  readonly offset: number;
  readonly index: number;
  readonly sign: string;
}

/** What the parser wants side by side: the brackets of a call without arguments, and signs that repeat. */
const GLUED: ReadonlySet<string> = new Set(["( )", "! !", "- -"]);

/**
 * Take what the parser does not know out of an expression whose form is right; all else
 * stays where it is, but for gaps that the parser does not take.
 * Of comments the parser reads one in a row, and only where its line ends.
 */
export function parsableText(text: string): ParsableText {
  const marked = new Set<string>();
  const quoted = new Map<number, string>();
  const brackets: Place[] = [];
  let place: Place | null = null;
  let dot = 0;
  let bare = "";
  let previous = "";
  for (const token of readTokens(text)) {
    const mark: Place | null = token.text === "?" ? place : null;
    if (mark !== null) marked.add(keyOf(mark));
    if (token.text === ".") dot = token.offset;
    if (token.kind === "quoted") quoted.set(dot, token.text.slice(1, -1));
    const isGlued = GLUED.has(`${previous} ${token.text}`);
    previous = token.text;
    bare = (isGlued ? bare : bare.padEnd(token.offset)) + (mark === null ? parsable(token) : " ");
    place = placeBehind(token, brackets);
  }
  return {
    text: bare,
    isMarked: (offset, index) => marked.has(keyOf({ offset, index })),
    quotedAt: (offset) => quoted.get(offset),
  };
}

function parsable({ kind, text }: Token): string {
  return kind === "quoted" ? "_".repeat(text.length) : text;
}

/** What a `?` would mark right behind a token. Null where it belongs to a condition: behind what can end an operand. */
function placeBehind({ text: sign, offset }: Token, brackets: Place[]): Place | null {
  switch (sign) {
    case ".":
      return { offset, index: 0, sign };
    case "(":
    case "[":
    case "{":
      brackets.push({ offset, index: 0, sign });
      break;
    case ",": {
      const bracket = brackets.pop();
      if (bracket !== undefined) brackets.push({ ...bracket, index: bracket.index + 1 });
      break;
    }
    case ")":
    case "]":
    case "}":
      brackets.pop();
      return null;
    default:
      return null;
  }
  const inside = brackets.at(-1);
  return inside === undefined || inside.sign === "(" ? null : inside;
}

function keyOf({ offset, index }: Pick<Place, "offset" | "index">): string {
  return `${offset}:${index}`;
}
