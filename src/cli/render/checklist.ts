import type { Diagnosis } from "../doctor/examination.ts";
import { type Paint, wrap } from "./text.ts";

const SIGNS = {
  ok: { sign: "✓", style: "green" },
  warning: { sign: "!", style: "yellow" },
  problem: { sign: "✗", style: "red" },
  unknown: { sign: "?", style: "yellow" },
} as const;

/** More evidence than that is a list for `-o json`. */
const MAX_EVIDENCE = 10;

/** A checklist: what was looked at, what it came to, and what shows it. */
export function renderChecklist(diagnoses: readonly Diagnosis[], paint: Paint): string {
  return diagnoses.map((diagnosis) => `${renderDiagnosis(diagnosis, paint)}\n`).join("");
}

function renderDiagnosis(
  { check, status, message, evidence, help }: Diagnosis,
  paint: Paint,
): string {
  const { sign, style } = SIGNS[status];
  const head = wrap(message, 18, `${sign} ${check.padEnd(14)}  `);
  const rest = evidence.length - MAX_EVIDENCE;
  return [
    paint(style, head),
    ...evidence.slice(0, MAX_EVIDENCE).map((line) => wrap(line, 20, "                  - ")),
    ...(rest > 0 ? [`                  and ${rest} more`] : []),
    ...(help === "" ? [] : [wrap(help, 24, "                  help: ")]),
  ].join("\n");
}
