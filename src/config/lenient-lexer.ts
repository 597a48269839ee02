import { type CST, Lexer, Parser } from "yaml";

/** What the lexer keeps to itself. The version of `yaml` is pinned, and tests show whether it is still so. */
interface Insides {
  /** The least indentation of the lines that a value goes on in. */
  indentNext: number;
  parseFlowCollection(): Generator<string, unknown>;
  parseQuotedScalar(): Generator<string, unknown>;
  lex(text: string): Generator<string, void>;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- TypeScript has no word for what is private elsewhere
const OpenLexer = Lexer as unknown as new () => Insides;

/**
 * A lexer to which indentation means nothing within brackets, braces and quotes. YAML 1.2.2, 6.1 asks
 * for more of it than the parent's, and for no tabs; go-yaml, and so kubectl, does not look at it.
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
 * As `Parser.parse`, leniently, of what stands behind `from`; offsets are those in all of the text, and the
 * lines that begin up to there are not told again.
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
