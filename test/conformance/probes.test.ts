import { describe, expect, it } from "vitest";
import { describeWithCorpus } from "../wire/corpus.ts";
import { answersTo, probeCasesSchema } from "./probe-case.ts";

describe.each([
  "conformance/cnp.json",
  "conformance/anp.json",
  "policy-assistant/integration.json",
  "policy-assistant/explicit.json",
])("%s", (file) => {
  describeWithCorpus("probes", { file, schema: probeCasesSchema }, (cases) => {
    it.each(cases)("$id", (one) => {
      const { expected, found } = answersTo(one);
      expect(found).toEqual(expected);
    });
  });
});
