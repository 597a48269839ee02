import type { Complaint } from "./find-syntax-error.ts";

/** What is wrong with an expression, as it is found. */
export class Faults {
  readonly #complaints: Complaint[] = [];
  readonly #lacking: { readonly field: string; readonly complaint: Complaint }[] = [];
  readonly #askedFor = new Set<string>();

  add(complaint: Complaint): void {
    this.#complaints.push(complaint);
  }

  /** Note that a field which is not there is used. */
  lacks(field: string, complaint: Complaint): void {
    this.#lacking.push({ field, complaint });
  }

  /** Note that the expression asks whether a field is there, by `has` or `?`. */
  asksFor(field: string): void {
    this.#askedFor.add(field);
  }

  /** All of them, in the order of the text. A field that is not there may be used where the expression asks for it. */
  all(): readonly Complaint[] {
    const lacking = this.#lacking.filter(({ field }) => !this.#askedFor.has(field));
    const all = [...this.#complaints, ...lacking.map(({ complaint }) => complaint)];
    return all.toSorted((a, b) => a.offset - b.offset);
  }
}
