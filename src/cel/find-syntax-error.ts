import { unreachable } from "../errors.ts";
import { readTokens, type Token } from "./read-tokens.ts";

/** What is wrong with an expression, and where. */
export interface Complaint {
  readonly offset: number;
  readonly message: string;
}

/** What the parser reads in some tens of milliseconds. */
const MAX_TOKENS = 2_000;
const MAX_NESTING = 50;

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };
const INFIXES = new Set([
  "in",
  "&&",
  "||",
  "==",
  "!=",
  "<=",
  ">=",
  "<",
  ">",
  "+",
  "-",
  "*",
  "/",
  "%",
]);

const RESERVED = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

const BAD_TEXT = "text that is not closed, or with an unknown escape (write `\\\\d`, or r'\\d')";

type Wanted = "an expression" | "an operator" | "a name" | "a field";

interface Bracket {
  readonly offset: number;
  readonly sign: string;
  /** What stands in it: one expression, the arguments of a call, or the items of a list or map. */
  readonly holds: "one" | "arguments" | "items";
  /** What still wants its `:`: a condition, and the key of a map around it. */
  condition: boolean;
  key: boolean;
}

/**
 * What is wrong with the form of an expression; null where nothing is. The parser finds all of this
 * too, but of `1 +` it says "found + but expecting end of input". This says what was expected where,
 * and spares the parser what would take it long or deep.
 */
export function findSyntaxError(text: string): Complaint | null {
  const form = new Form();
  let count = 0;
  for (const token of readTokens(text)) {
    count += 1;
    if (count > MAX_TOKENS) return at(token, `more than ${MAX_TOKENS} words and signs`);
    const complaint = form.take(token);
    if (complaint !== null) return complaint;
  }
  return null;
}

/** An expression as far as it has come: operands and operators in turn, brackets in pairs. */
class Form {
  readonly #outside: Bracket = {
    offset: 0,
    sign: "",
    holds: "one",
    condition: false,
    key: false,
  };
  readonly #brackets: Bracket[] = [];
  #wanted: Wanted = "an expression";
  #previous: Token | null = null;
  #lastPrefix: Token | null = null;
  /** The latest name that may be a function's. */
  #callable: Token | null = null;

  take(token: Token): Complaint | null {
    const complaint = this.#read(token);
    this.#previous = token;
    return complaint;
  }

  get #inside(): Bracket {
    return this.#brackets.at(-1) ?? this.#outside;
  }

  #read(token: Token): Complaint | null {
    switch (token.kind) {
      case "unreadable":
        return at(token, /["']/.test(token.text) ? BAD_TEXT : `\`${token.text}\` has no meaning`);
      case "end":
        return this.#end(token);
      case "literal":
        return this.#wanted === "an expression" ? this.#want("an operator") : this.#missing(token);
      case "name":
        return token.text === "in" ? this.#sign(token) : this.#name(token);
      case "quoted":
        return this.#isFieldWanted ? this.#want("an operator") : this.#missing(token);
      case "sign":
        return this.#sign(token);
      default:
        return unreachable(token.kind);
    }
  }

  /** Behind `a.` or `a.?`. */
  get #isFieldWanted(): boolean {
    return (
      this.#wanted === "a field" || (this.#wanted === "a name" && this.#previous?.text === "?")
    );
  }

  #name(token: Token): Complaint | null {
    if (this.#wanted === "an operator") return this.#missing(token);
    // cel-go: `a.?b` is no function.
    if (this.#wanted !== "a name" || this.#previous?.text !== "?") this.#callable = token;
    return this.#wanted === "an expression" && RESERVED.has(token.text)
      ? at(token, `\`${token.text}\` is reserved`)
      : this.#want("an operator");
  }

  #sign(token: Token): Complaint | null {
    switch (this.#wanted) {
      case "an expression":
        return this.#before(token);
      case "an operator":
        return this.#behind(token);
      case "a field":
        return token.text === "?" ? this.#want("a name") : this.#missing(token);
      case "a name":
        return this.#missing(token);
      default:
        return unreachable(this.#wanted);
    }
  }

  /** A sign where an expression is to begin. */
  #before(token: Token): Complaint | null {
    switch (token.text) {
      case "!":
      case "-":
        return this.#prefix(token);
      case "(":
        return this.#open(token, "one");
      case "[":
      case "{":
        return this.#open(token, "items");
      case ".":
        return this.#want("a name");
      case "?":
        return this.#mayBeMarked ? this.#want("an expression") : this.#missing(token);
      case ")":
      case "]":
      case "}":
        return this.#closeEarly(token);
      default:
        return this.#missing(token);
    }
  }

  /** CEL: `!` and `-` repeat but do not mix. */
  #prefix(token: Token): Complaint | null {
    const before = this.#lastPrefix;
    this.#lastPrefix = token;
    if (before === null || before !== this.#previous) return null;
    return before.text === token.text ? null : this.#missing(token);
  }

  /** A sign behind an expression. */
  #behind(token: Token): Complaint | null {
    if (INFIXES.has(token.text)) return this.#want("an expression");
    switch (token.text) {
      case "?":
        return this.#question(token);
      case ":":
        return this.#colon(token);
      case ",":
        return this.#comma(token);
      case ".":
        return this.#want("a field");
      case "[":
        return this.#open(token, "one");
      case "(":
        return this.#previous === this.#callable
          ? this.#open(token, "arguments")
          : this.#missing(token);
      default:
        return this.#close(token);
    }
  }

  /** An index, item or entry may begin with a `?`. */
  get #mayBeMarked(): boolean {
    const before = this.#previous?.text ?? "";
    return before === "[" || before === "{" || (before === "," && this.#inside.holds === "items");
  }

  /** CEL: a condition between the `?` and `:` of another needs parentheses. */
  #question(token: Token): Complaint | null {
    if (this.#inside.condition) return this.#missing(token);
    this.#inside.condition = true;
    return this.#want("an expression");
  }

  #colon(token: Token): Complaint | null {
    const inside = this.#inside;
    if (inside.condition) inside.condition = false;
    else if (inside.key) inside.key = false;
    else return this.#missing(token);
    return this.#want("an expression");
  }

  #comma(token: Token): Complaint | null {
    const { holds, sign } = this.#inside;
    if (holds === "one" || this.#wantsColon) return this.#missing(token);
    this.#inside.key = sign === "{";
    return this.#want("an expression");
  }

  get #wantsColon(): boolean {
    return this.#inside.condition || this.#inside.key;
  }

  #open(token: Token, holds: Bracket["holds"]): Complaint | null {
    if (this.#brackets.length === MAX_NESTING)
      return at(token, `more than ${MAX_NESTING} brackets deep`);
    const key = token.text === "{";
    this.#brackets.push({ offset: token.offset, sign: token.text, holds, condition: false, key });
    return this.#want("an expression");
  }

  /** A closing bracket where an expression could begin: `f()`, `[]`, `[1,]`. */
  #closeEarly(token: Token): Complaint | null {
    const { sign, holds } = this.#inside;
    const before = this.#previous?.text ?? "";
    const isEmpty = before === sign && holds !== "one";
    if (!isEmpty && !(before === "," && holds === "items")) return this.#missing(token);
    this.#inside.key = false;
    return this.#close(token);
  }

  /** Take a closing bracket; whatever else it is does not fit here. */
  #close(token: Token): Complaint | null {
    if (this.#wantsColon || token.text !== CLOSING[this.#inside.sign]) return this.#missing(token);
    this.#brackets.pop();
    return this.#want("an operator");
  }

  #end(token: Token): Complaint | null {
    if (this.#wanted !== "an operator") return this.#missing(token);
    const open = this.#brackets.at(-1);
    if (open !== undefined) return at(open, `\`${open.sign}\` is never closed`);
    return this.#outside.condition ? this.#missing(token) : null;
  }

  #want(next: Wanted): null {
    this.#wanted = next;
    return null;
  }

  #missing({ kind, text, offset }: Token): Complaint {
    const found = kind === "end" ? "the end" : `\`${text}\``;
    return { offset, message: `expected ${this.#expected()}, found ${found}` };
  }

  #expected(): string {
    if (this.#wanted === "a field") return "a name";
    if (this.#wanted !== "an operator") return this.#wanted;
    if (this.#wantsColon) return "`:`";
    const { sign } = this.#inside;
    return sign === "" ? "an operator" : `an operator or \`${CLOSING[sign]}\``;
  }
}

function at({ offset }: { readonly offset: number }, message: string): Complaint {
  return { offset, message };
}
