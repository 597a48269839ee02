import { func, type Overload } from "./overload.ts";
import type { TypeName, Value } from "./value.ts";

/** A function that the surroundings provide, as expressions may call it. One name may have several. */
export interface FunctionDeclaration {
  readonly name: string;
  readonly parameters: readonly TypeName[];
  readonly result: TypeName;
  /** Steps that a call takes, see `Limits.maxCost`. */
  readonly cost: number;
  /** What is wrong with a call of these arguments, as far as they are constants; null: nothing. */
  readonly faultOf?: (constants: readonly (Value | undefined)[]) => string | null;
}

/** The declared function, as calls find it; what it does comes with the evaluation. */
export function hostOverload(declaration: FunctionDeclaration): Overload {
  const { name, parameters, result, cost, faultOf } = declaration;
  const overload = func(name, parameters, result, (args, frame) => {
    frame.charge(cost);
    const call = frame.functions[name];
    if (call === undefined) throw new TypeError(`function \`${name}\` is declared but not given`);
    return call(...args);
  });
  return { ...overload, isPure: false, ...(faultOf === undefined ? {} : { faultOf }) };
}
