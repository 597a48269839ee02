/** A case that the documentation contradicts, with the sentence that does. */
interface SkippedCase {
  readonly file: string;
  /** The case's name, or that of the folder of manifests it is about. */
  readonly name: string;
  readonly reason: string;
}

export const SKIPPED_CASES: readonly SkippedCase[] = [
  {
    file: "npguard/connlist.json",
    name: "acs-security-demos-added-workloads",
    reason:
      'is indented with tabs. YAML 1.2.2, 6.1: "tab characters must not be used in indentation"',
  },
  {
    file: "npguard/diff.json",
    name: "acs-security-demos-added-workloads",
    reason:
      'is indented with tabs. YAML 1.2.2, 6.1: "tab characters must not be used in indentation"',
  },
];

/** Why a case is not run, by its name or those of its folders; undefined: it is. */
export function reasonToSkip(file: string, ...names: readonly string[]): string | undefined {
  return SKIPPED_CASES.find((one) => one.file === file && names.includes(one.name))?.reason;
}
