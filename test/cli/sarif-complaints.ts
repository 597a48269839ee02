import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { ErrorObject } from "ajv";
import draft04 from "ajv-draft-04";
import formats from "ajv-formats";
import { z } from "zod";

/** The schema of SARIF 2.1.0 as OASIS has published it. */
const SCHEMA = import.meta.resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");

/** The published schema's errors for a log; none if it is valid. */
export async function sarifComplaints(text: string): Promise<readonly ErrorObject[]> {
  const schema = z.looseObject({}).parse(JSON.parse(await readFile(fileURLToPath(SCHEMA), "utf8")));
  // One of its patterns is not valid with the `u` flag.
  const ajv = new draft04.default({ strict: false, unicodeRegExp: false });
  formats.default(ajv);
  const validate = ajv.compile(schema);
  return validate(JSON.parse(text)) ? [] : (validate.errors ?? []);
}
