import { type CST, Lexer, Parser } from "yaml";

/** Private parts of the lexer. The version of `yaml` is pinned, and tests show whether they are still the same. */
interface Insides {
  /** The least indentation of the lines in which a value continues. */
  indentNext: number;
  parseFlowCollection(): Generator<string, unknown>;
  parseQuotedScalar(): Generator<string, unknown>;
  lex(text: string): Generator<string, void>;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript has no word for what is private elsewhere
const OpenLexer = Lexer as unknown as new () => Insides;

/**
 * A lexer that ignores indentation within brackets, braces and quotes. YAML 1.2.2, 6.1 asks for more of it than
 * the parent has, and for no tabs; go-yaml, and so kubectl, does not look at it.
 */
class LenientLexer extends OpenLexer {
  override *parseFlowCollection(): Generator<string, unknown> {
    return yield* this.#unindented(super.parseFlowCollection());
  }

  override *parseQuotedScalar(): Generator<string, unknown> {
    return yield* this.#unindented(super.parseQuotedScalar());
  }

  *#unindented(tokens: Generator<string, unknown>): Generator<string, unknown> {
    const { indentNext } = this;
    this.indentNext = 0;
    const state = yield* tokens;
    this.indentNext = indentNext;
    return state;
  }
}

/**
 * As `Parser.parse`, but lenient, for the text behind `from`. Offsets are those in the whole text, and lines
 * that begin before that are not reported again.
 */
export function* parseLeniently(
  text: string,
  onNewLine: (offset: number) => void,
  from = 0,
): Generator<CST.Token, void> {
  const parser = new Parser(onNewLine);
  parser.offset = from;
  for (const lexeme of new LenientLexer().lex(text.slice(from))) yield* parser.next(lexeme);
  yield* parser.end();
}
