import type { Frame } from "../frame.ts";
import { NAMED_FORMATS, type NamedFormat } from "../named-format.ts";
import { func, method, type Overload } from "../overload.ts";
import { List, Optional } from "../value.ts";

const FORMAT = "kubernetes.NamedFormat";

/** Kubernetes' library for forms of text that it has names for, such as `dns1123Label`. */
export const FORMATS: readonly Overload[] = [
  func(
    "format.named",
    ["string"],
    "optional_type(kubernetes.NamedFormat)",
    ([name]) => new Optional(NAMED_FORMATS.get(name)),
  ),
  ...NAMED_FORMATS.entries().map(([name, format]) =>
    func(`format.${name}`, [], FORMAT, () => format),
  ),
  method("validate", [FORMAT, "string"], "optional_type(list(string))", ([format, text], frame) =>
    validate(format, text, frame),
  ),
];

/** The list of all that is wrong, if anything is. */
function validate(format: NamedFormat, text: string, frame: Frame): Optional {
  frame.charge(text.length);
  const faults = format.faultsOf(text);
  return new Optional(faults.length === 0 ? undefined : new List(faults));
}
