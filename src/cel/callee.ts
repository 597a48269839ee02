import type { FunctionTable } from "./function-table.ts";
import type { Expr, Parsed, Part } from "./parse-expression.ts";

/** A function as it is called: a method's receiver is the first argument. */
export interface Callee {
  readonly name: string;
  readonly isMethod: boolean;
}

/** What names stand for. */
export interface Names {
  readonly parsed: Parsed;
  readonly functions: FunctionTable;
  /** Report whether a name stands for a value. */
  isValue(name: string): boolean;
}

/** `a.b` for a path that no value begins: part of the name of a function or type. Else empty. */
export function pathOf(expr: Expr, names: Names): string {
  const { exprKind } = expr;
  if (exprKind.case === "identExpr") {
    const { name } = exprKind.value;
    return names.isValue(name) ? "" : name;
  }
  if (exprKind.case !== "selectExpr" || exprKind.value.operand === undefined) return "";
  const path = pathOf(exprKind.value.operand, names);
  // What stands in for a field in backquotes is part of no such name.
  return path === "" || names.parsed.isOptional(expr) ? "" : `${path}.${exprKind.value.field}`;
}

/** What is called: a method of `target`, or a function, which may have its name in parts: `ip.isCanonical`. */
export function calleeOf(
  { function: name, target, args }: Part<"callExpr">,
  names: Names,
): { readonly callee: Callee; readonly args: readonly Expr[] } {
  if (target === undefined) return { callee: { name, isMethod: false }, args };
  const path = pathOf(target, names);
  return path !== "" && isNamespace(`${path}.`, names.functions)
    ? { callee: { name: `${path}.${name}`, isMethod: false }, args }
    : { callee: { name, isMethod: true }, args: [target, ...args] };
}

function isNamespace(prefix: string, functions: FunctionTable): boolean {
  return functions.keys().some((name) => name.startsWith(prefix));
}
