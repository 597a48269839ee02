import { expect, it } from "vitest";
import { optInNotices } from "../../src/wire/opt-in-notices.ts";

it.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
  [
    "what Ringfence knows",
    {
      "ringfence.dev/profile": "restricted",
      "ringfence.dev/mode": "audit",
      "ringfence.dev/baseline": "team",
      "ringfence.dev/metrics": "allowed",
      profil: "of another",
    },
    [],
  ],
  [
    "a mode that there is not",
    { "ringfence.dev/profile": "restricted", "ringfence.dev/mode": "Warn" },
    [
      'metadata.labels["ringfence.dev/mode"]: `Warn` is no mode, and so enforces; there is `enforce`, `warn`, `audit`',
    ],
  ],
  [
    "a slip in a key, and a key that is near to none",
    { "ringfence.dev/profil": "restricted", "ringfence.dev/owner": "me" },
    [
      'metadata.labels["ringfence.dev/profil"]: Ringfence knows no label `ringfence.dev/profil`; did you mean `ringfence.dev/profile`?',
      'metadata.labels["ringfence.dev/owner"]: Ringfence knows no label `ringfence.dev/owner`',
    ],
  ],
])("tells of the labels of a namespace: %s", (_, labels, expected) => {
  const notices = optInNotices(new Map(Object.entries(labels)));
  expect(notices.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
});
