import { isAbsolute, relative, resolve } from "node:path";

/**
 * A file as those name it who read reports about a checkout: relative to its root, with slashes. The root is
 * what the runners of GitHub and GitLab say it is, since a step may run further down, and else the working
 * directory. Null for a file that is not in there.
 */
export function checkoutPath(file: string): string | null {
  const { GITHUB_WORKSPACE: github = "", CI_PROJECT_DIR: gitlab = "" } = process.env;
  for (const root of [github, gitlab, process.cwd()].filter((folder) => folder !== "")) {
    const path = relative(root, resolve(file));
    if (!path.startsWith("..") && !isAbsolute(path)) return path.replaceAll("\\", "/");
  }
  return null;
}
