import type { Verdict } from "../../engine/query.ts";
import { answer, type FlowAnswer } from "../flow-answer.ts";
import { type FlowFlags, parseQuestion, scopeOf } from "../flow-question.ts";
import { EXIT, type ExitCode } from "../input-error.ts";
import type { Outcome } from "../outcome.ts";
import { type DataFormat, renderDocument } from "../render/document.ts";
import { flowData, walkData } from "../render/flow-data.ts";
import { createPaint } from "../render/text.ts";
import { renderVerdict } from "../render/verdict-text.ts";
import { renderWalk } from "../render/walk.ts";
import { createReport } from "../report.ts";
import { smallestChange } from "../smallest-change.ts";
import { openSource, type SourceFlags } from "../sources/load-world.ts";
import type { World } from "../sources/world.ts";

export interface FlowCommandFlags extends SourceFlags, FlowFlags {
  readonly output: DataFormat | "text";
}

const EXITS: Readonly<Record<Verdict, ExitCode>> = {
  allowed: EXIT.ok,
  denied: EXIT.found,
  unknown: EXIT.unknown,
};

/** Whether one flow is allowed, and why in short. */
export async function simulate(flags: FlowCommandFlags): Promise<Outcome> {
  const { found, world } = await ask(flags);
  const text =
    flags.output === "text"
      ? renderVerdict(found, createPaint())
      : renderDocument("Simulation", flowData(found, world), flags.output);
  return { text, exitCode: EXITS[found.verdict] };
}

/** The walk that leads to a verdict, and the smallest change that would turn a denial. */
export async function explain(flags: FlowCommandFlags): Promise<Outcome> {
  const { found, world } = await ask(flags);
  const change = smallestChange(found.explanation, world);
  const text =
    flags.output === "text"
      ? renderWalk(found, change, world, createPaint())
      : renderDocument("Explanation", { ...walkData(found, world), change }, flags.output);
  return { text, exitCode: EXITS[found.verdict] };
}

async function ask(
  flags: FlowCommandFlags,
): Promise<{ readonly found: FlowAnswer; readonly world: World }> {
  const question = parseQuestion(flags);
  const source = await openSource(flags, createReport());
  const world = await source.load(scopeOf(question, source));
  return { found: answer(question, world, source), world };
}
