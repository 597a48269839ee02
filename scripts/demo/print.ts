import { styleText } from "node:util";
import type { Answer } from "./ask.ts";
import { renderKubectl } from "./render-kubectl.ts";

const INDENT = "   ";

/** Print a line; styles show on a terminal that wants them, and nowhere else. */
export function print(line: string, style: Parameters<typeof styleText>[0] = "none"): void {
  console.log(line === "" ? "" : styleText(style, line, { stream: process.stdout }));
}

/** Print one change as a terminal would show it: what is applied, the command, what kubectl says. */
export function printAnswer(number: number, answer: Answer): void {
  const { situation, patch, response, webhook } = answer;
  const { change } = situation;
  print("");
  print(`${number}  ${change.title}`, "bold");
  for (const line of change.excerpt) print(`${INDENT}│ ${line}`, "dim");
  print(`${INDENT}${change.user}$ ${change.run}`, "cyan");
  for (const line of renderKubectl(situation, webhook, response)) {
    print(`${INDENT}${line}`, response.allowed ? warningStyle(line) : "red");
  }
  if (!response.allowed) return;
  for (const { path, value } of patch) {
    if (typeof value === "object") continue;
    print(`${INDENT}(mutated: ${path.replaceAll("~1", "/")} = ${JSON.stringify(value)})`, "dim");
  }
}

function warningStyle(line: string): "yellow" | "green" {
  return line.startsWith("Warning:") ? "yellow" : "green";
}
