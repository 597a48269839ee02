import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("../../scripts/install-control-plane", import.meta.url));
const exitNothingHere = 3;

/** The folder with etcd and kube-apiserver, or why there is none. */
export type Installed =
  | { readonly kind: "found"; readonly folder: string }
  | { readonly kind: "missing"; readonly reason: string };

/** Find the control plane's binaries, or build them if possible; progress goes to stderr. */
export async function installControlPlane(): Promise<Installed> {
  const child = spawn(script, { stdio: ["ignore", "pipe", "pipe"] });
  child.stderr.pipe(process.stderr, { end: false });
  const [folder, progress] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  if (child.exitCode === 0) return { kind: "found", folder: folder.trim() };
  const lastLine = progress.trim().split("\n").at(-1) ?? "";
  const reason = lastLine.replace(/^control plane: /, "");
  const failed = child.exitCode === exitNothingHere ? "" : "scripts/install-control-plane failed: ";
  return { kind: "missing", reason: `${failed}${reason}` };
}
