import type { Problem } from "../../errors.ts";
import { objectKey, type WireObject } from "../../wire/document.ts";
import type { Origin, SourceObject } from "./source-object.ts";

/** The objects of one layer, each told from the others by its kind, namespace and name. */
export class DistinctObjects {
  readonly #known = new Map<string, { readonly origin: Origin; readonly content: string }>();
  readonly #complain: (problem: Problem) => void;

  constructor(complain: (problem: Problem) => void) {
    this.#complain = complain;
  }

  /** Report whether the name is new. A second object of one name that differs from the first is a problem. */
  add(read: WireObject, { raw, origin }: SourceObject): boolean {
    const key = objectKey(read);
    if (key === null) return true;
    const content = JSON.stringify(raw);
    const other = this.#known.get(key);
    this.#known.set(key, { origin, content });
    if (other === undefined) return true;
    if (other.content !== content) {
      const first = other.origin.locate(HERE).path;
      const message = `is a second ${describeKey(key)}, unlike the first in ${first}`;
      this.#complain(origin.locate({ ...HERE, message }));
    }
    return false;
  }

  /** Report whether there is an object of that key, as `objectKey` has it. */
  has(key: string): boolean {
    return this.#known.has(key);
  }
}

const HERE: Problem = { code: "NP_E_VALUE", path: "", message: "" };

/** `Kind/namespace/name` as people say it. */
function describeKey(key: string): string {
  const [kind = "", ...name] = key.split("/");
  return `${kind} ${name.filter((part) => part !== "").join("/")}`;
}
