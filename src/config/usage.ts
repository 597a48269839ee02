import { SETTINGS } from "./settings.ts";

/** What `--help` prints: the flags with their defaults, and where each is explained. */
export function usage(): string {
  const flags = SETTINGS.map((setting) => [setting.flag, setting.default] as const);
  const width = Math.max(...flags.map(([flag]) => flag.length));
  return `Ringfence: an admission webhook that governs NetworkPolicies.

Every flag takes a value. Each is a variable as well (--log-level: RINGFENCE__LOG_LEVEL), and a key of the
YAML file that --config names (logLevel). docs/reference/config.md says what they mean.

Flags, and what counts without them:
${[["--config", ""] as const, ...flags].map(([flag, text]) => `  ${flag.padEnd(width)}  ${text}`.trimEnd()).join("\n")}
`;
}
