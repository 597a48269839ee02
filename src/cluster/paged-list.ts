import { ApiError, SlowError, TooLargeError } from "./api-client.ts";
import type { Page } from "./read-page.ts";

/** Ask for one page by the query of a list. Throws `ApiError`. */
type AskForPage = (query: Readonly<Record<string, string>>) => Promise<Page>;

/**
 * Pages that come too slowly do not become smaller than this: an API server that could not be reached for a while looks the
 * same, and is not to be asked for each object by itself.
 */
const SMALLEST_FOR_SLOWNESS = 25;

/** A list in pages; after an error, pages are asked for in another way. */
export class PagedList {
  readonly #ask: AskForPage;
  #pageSize: number;
  /** Pages of more objects would be too large. */
  #most: number;
  #paged = true;
  /** Whether the list under way is past its first page. */
  #continuing = false;

  constructor(ask: AskForPage, pageSize: number) {
    this.#ask = ask;
    this.#pageSize = this.#most = pageSize;
  }

  /** A page of one object, for the version of the list. */
  async first(): Promise<Page> {
    return this.#page("", 1);
  }

  async *pages(): AsyncGenerator<Page, void> {
    let from = "";
    do {
      this.#continuing = from !== "";
      // oxlint-disable-next-line no-await-in-loop -- each page says where the next begins
      const page = await this.#page(from, this.#pageSize);
      yield page;
      from = page.continue;
    } while (from !== "");
    this.#continuing = false;
    this.#paged = true;
    // Not within a list, which would never come to its end.
    this.#pageSize = Math.min(this.#pageSize * 2, this.#most);
  }

  /** Prepare for the next list after `error`. */
  recover(error: unknown): void {
    const status = error instanceof ApiError ? error.status : null;
    // A page that came too late for its `continue`: the next list asks for everything at once.
    this.#paged = !(status === 410 && this.#continuing);
    this.#continuing = false;
    const fewer = Math.ceil(this.#pageSize / 4);
    // A page of many large objects: fewer of them fit.
    if (error instanceof TooLargeError) this.#pageSize = this.#most = fewer;
    if (error instanceof SlowError && fewer >= SMALLEST_FOR_SLOWNESS) this.#pageSize = fewer;
  }

  async #page(from: string, limit: number): Promise<Page> {
    return this.#ask({
      ...(this.#paged ? { limit: String(limit) } : {}),
      ...(from === "" ? {} : { continue: from }),
    });
  }
}
