import type { Position } from "../../config/yaml-documents.ts";
import type { Problem } from "../../errors.ts";

/** A place in a file. */
export interface Place extends Position {
  readonly file: string;
}

/** A file, and where in one of its documents an object stands: `items[3]`. */
interface WrittenText {
  readonly file: string;
  readonly text: string;
  readonly path: string;
}

/** Where an object was read: the cluster, or a document of a file. */
export interface Origin {
  /** The problem with its place in front, for people. */
  locate(problem: Problem): Problem;
  /** Where a field of the object is written; null in a cluster. */
  place(path: string): Place | null;
  /** The text that it stands in; null in a cluster. */
  readonly written: WrittenText | null;
}

/** Of what was not read from a file. */
export const NOWHERE: Origin = { locate: (problem) => problem, place: () => null, written: null };

/** An object as it came. */
export interface SourceObject {
  readonly raw: unknown;
  readonly origin: Origin;
}
