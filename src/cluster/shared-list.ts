import { textAt } from "../wire/shape.ts";
import { type ApiClient, ApiError, nullOn } from "./api-client.ts";
import { CONFIG_MAPS } from "./resource-type.ts";

export interface SharedListOptions<T> {
  readonly client: ApiClient;
  readonly namespace: string;
  /** Of the ConfigMap. */
  readonly name: string;
  readonly isItem: (raw: unknown) => raw is T;
  /** Told when what is there cannot be read. */
  readonly onUnreadable: () => void;
}

/**
 * A list in a ConfigMap that several processes write, none over what it has not read: an update carries the version that
 * was read or written last. Every failure is an `ApiError`.
 */
export class SharedList<T> {
  readonly #options: SharedListOptions<T>;
  /** Null where it has to be read first. */
  #version: string | null = null;
  #items: readonly T[] = [];

  constructor(options: SharedListOptions<T>) {
    this.#options = options;
  }

  /** As it was last read or written here. */
  get items(): readonly T[] {
    return this.#items;
  }

  /** Whether nobody is known to have written since. */
  get isCurrent(): boolean {
    return this.#version !== null;
  }

  /** Read it; one that is not there is created, one that cannot be read counts as empty. */
  async read(signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options;
    const at = { type: CONFIG_MAPS, namespace, signal };
    const found = await client.send({ verb: "get", ...at, name }).catch(nullOn(404));
    const object =
      found ??
      (await client.send({ verb: "create", ...at, body: this.#body([]) }).catch(nullOn(409)));
    // Somebody else has created it at the same moment.
    if (object === null) return this.read(signal);
    this.#items = this.#parse(textAt(object, "data", "items"));
    this.#version = versionOf(object);
  }

  /** Write it. Returns false where it is not current: somebody else has written since, or removed it. */
  async write(items: readonly T[], signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const resourceVersion = this.#version;
    this.#version = null;
    if (resourceVersion === null) return false;
    const body = this.#body(items, resourceVersion);
    const request = { verb: "update", type: CONFIG_MAPS, namespace, name, body, signal } as const;
    const answer = await client.send(request).catch(nullOn(404, 409));
    if (answer === null) return false;
    this.#items = items;
    this.#version = versionOf(answer);
    return true;
  }

  #body(items: readonly T[], resourceVersion?: string): object {
    const { namespace, name } = this.#options;
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace, name, resourceVersion },
      data: { items: JSON.stringify(items) },
    };
  }

  #parse(text: string): readonly T[] {
    const { isItem, onUnreadable } = this.#options;
    try {
      const items: unknown = JSON.parse(text || "[]");
      if (Array.isArray(items) && items.every(isItem)) return items;
    } catch {
      // The same as JSON of another shape.
    }
    onUnreadable();
    return [];
  }
}

/** SECURITY: without a version the API server would take an update whatever is there. */
function versionOf(object: unknown): string {
  const version = textAt(object, "metadata", "resourceVersion");
  if (version === "") throw new ApiError(null, "the API server's ConfigMap carries no version");
  return version;
}
