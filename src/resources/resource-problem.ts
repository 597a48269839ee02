import type { Problem } from "../errors.ts";
import { joinPaths } from "../wire/shape.ts";

/** Something wrong with a resource of Ringfence's own kinds. */
export function resourceProblem(path: string, message: string): Problem {
  return { code: "NP_E_RESOURCE", path, message };
}

/** What is wrong with a part of a resource, as a problem of the resource; the part stands at `parent`. */
export function problemWithin(parent: string, { path, message }: Problem): Problem {
  return resourceProblem(joinPaths(parent, path), message);
}
