import type { ResourceType } from "./resource-type.ts";
import type { ReflectorSource } from "./watch-source.ts";

/** In which version a kind is asked for: where one is not served (any more), in the next. */
export class ServedVersions {
  readonly #type: ResourceType;
  /** The first is asked for. */
  #versions: readonly string[];
  /** How many in a row are not served. */
  #unserved = 0;

  constructor({ type, otherVersions = [] }: ReflectorSource) {
    this.#type = type;
    this.#versions = [type.version, ...otherVersions];
  }

  get type(): ResourceType {
    const [version = this.#type.version] = this.#versions;
    return { ...this.#type, version };
  }

  /** Note that the one asked for is served. */
  confirm(): void {
    this.#unserved = 0;
  }

  /** Turn to the next; false once all have been asked for in vain. */
  next(): boolean {
    const [version = "", ...others] = this.#versions;
    this.#versions = [...others, version];
    this.#unserved = (this.#unserved + 1) % this.#versions.length;
    return this.#unserved > 0;
  }
}
