import { ALL_PORTS, isEmptyPorts } from "../../engine/port-set.ts";
import type { Connection, Endpoint } from "../../engine/query.ts";
import { compare } from "../compare.ts";
import { endName, endText, placeOf, portsText } from "../connection-rows.ts";
import { alignColumns } from "./text.ts";

/** One line a row: from, to, on what. */
export function renderList(rows: readonly Connection[]): string {
  if (rows.length === 0) return "nothing is allowed\n";
  const lines = rows.map(({ from, to, ...ports }) => [endText(from), endText(to), whatText(ports)]);
  return `${alignColumns([["FROM", "TO", "ALLOWED"], ...lines])}\n`;
}

/** `TCP 80`, `TCP 80; unknown: UDP 53`. */
function whatText({ allowed, unknown }: Pick<Connection, "allowed" | "unknown">): string {
  return [
    ...(isEmptyPorts(allowed) ? [] : [portsText(allowed)]),
    ...(isEmptyPorts(unknown) ? [] : [`unknown: ${portsText(unknown)}`]),
  ].join("; ");
}

/** A square of all ends: rows send, columns receive, and the numbers of the rows are the columns'. */
export function renderMatrix(rows: readonly Connection[]): string {
  const ends = endsOf(rows);
  const numbers = new Map(ends.map((end, index) => [endName(end), index]));
  const cells = ends.map(() => ends.map(() => "."));
  for (const row of rows) {
    const line = cells[numbers.get(endName(row.from)) ?? 0];
    if (line !== undefined) line[numbers.get(endName(row.to)) ?? 0] = cellOf(row);
  }
  const head = ["", "", ...ends.map((_, index) => String(index + 1))];
  const body = ends.map((end, index) => [String(index + 1), endText(end), ...(cells[index] ?? [])]);
  const legend = "A all ports  p some ports  ? unknown  . nothing; rows send, columns receive";
  return `${alignColumns([head, ...body])}\n\n${legend}\n`;
}

function cellOf({ allowed, unknown }: Connection): string {
  const open = allowed.key === ALL_PORTS.key ? "A" : isEmptyPorts(allowed) ? "" : "p";
  return `${open}${isEmptyPorts(unknown) ? "" : "?"}`;
}

/** Every end once, in order. */
function endsOf(rows: readonly Connection[]): readonly Endpoint[] {
  const ends = new Map(
    rows.flatMap(({ from, to }) => [from, to]).map((end) => [endName(end), end]),
  );
  return [...ends.values()].toSorted((a, b) => compare(placeOf(a), placeOf(b)));
}

/** RFC 4180, with a head. */
export function renderCsv(rows: readonly Connection[]): string {
  const lines = rows.map(({ from, to, allowed, unknown }) =>
    [endName(from), endName(to), portsText(allowed), portsText(unknown)].map(quoteCsv).join(","),
  );
  return `${["from,to,allowed,unknown", ...lines].join("\r\n")}\r\n`;
}

function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A graph for Graphviz, a cluster for each namespace. */
export function renderDot(rows: readonly Connection[]): string {
  const lines = ["digraph connectivity {", "  rankdir=LR", "  node [shape=box]"];
  for (const [namespace, ends] of byNamespace(rows)) {
    const nodes = ends.map(
      (end) => `${quoteDot(endName(end))} [label=${quoteDot(shortText(end))}]`,
    );
    if (namespace === "") lines.push(...nodes.map((node) => `  ${node}`));
    else {
      lines.push(`  subgraph ${quoteDot(`cluster_${namespace}`)} {`);
      lines.push(`    label=${quoteDot(namespace)}`, ...nodes.map((node) => `    ${node}`), "  }");
    }
  }
  for (const row of rows) {
    const style = isEmptyPorts(row.allowed) ? ", style=dashed" : "";
    const label = `label=${quoteDot(whatText(row))}${style}`;
    lines.push(`  ${quoteDot(endName(row.from))} -> ${quoteDot(endName(row.to))} [${label}]`);
  }
  return `${lines.join("\n")}\n}\n`;
}

function quoteDot(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A flowchart for Mermaid, a subgraph for each namespace; Markdown on GitHub and GitLab draws it. */
export function renderMermaid(rows: readonly Connection[]): string {
  const ids = new Map(endsOf(rows).map((end, index) => [endName(end), `n${index + 1}`]));
  const lines = ["flowchart LR"];
  let number = 0;
  for (const [namespace, ends] of byNamespace(rows)) {
    const nodes = ends.map((end) => `${ids.get(endName(end)) ?? ""}["${shortText(end)}"]`);
    if (namespace === "") lines.push(...nodes.map((node) => `  ${node}`));
    else {
      number++;
      lines.push(
        `  subgraph s${number}["${namespace}"]`,
        ...nodes.map((node) => `    ${node}`),
        "  end",
      );
    }
  }
  for (const row of rows) {
    const arrow = isEmptyPorts(row.allowed) ? "-.->" : "-->";
    const [from, to] = [ids.get(endName(row.from)), ids.get(endName(row.to))];
    lines.push(`  ${from ?? ""} ${arrow}|"${whatText(row)}"| ${to ?? ""}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Ends by namespace, those outside under the empty name. */
function byNamespace(rows: readonly Connection[]): ReadonlyMap<string, readonly Endpoint[]> {
  return Map.groupBy(endsOf(rows), (end) => (end.kind === "workload" ? end.namespace : ""));
}

function shortText(end: Endpoint): string {
  return end.kind === "workload" ? `${end.workload.name}[${end.workload.kind}]` : endText(end);
}
