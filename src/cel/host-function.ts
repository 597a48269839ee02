import { func, type Overload } from "./overload.ts";
import type { TypeName } from "./value.ts";

/** A function that the surroundings provide, as expressions may call it. One name may have several. */
export interface FunctionDeclaration {
  readonly name: string;
  readonly parameters: readonly TypeName[];
  readonly result: TypeName;
  /** Steps that a call takes, see `Limits.maxCost`. */
  readonly cost: number;
}

/** The declared function, as calls find it; what it does comes with the evaluation. */
export function hostOverload({ name, parameters, result, cost }: FunctionDeclaration): Overload {
  const overload = func(name, parameters, result, (args, frame) => {
    frame.charge(cost);
    const call = frame.functions[name];
    if (call === undefined) throw new TypeError(`function \`${name}\` is declared but not given`);
    return call(...args);
  });
  return { ...overload, isPure: false };
}
