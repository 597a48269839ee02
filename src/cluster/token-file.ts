import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { OutgoingHttpHeaders } from "node:http";
import { dirname, resolve } from "node:path";
import type * as clientNode from "@kubernetes/client-node";
import type { KubeConfig, User } from "@kubernetes/client-node";
import { listAt, textAt } from "../wire/shape.ts";

/** Not `tokenFile`, by which client-node knows a pod's own ServiceAccount: it sends the line break at the end. */
const PROVIDER = "ringfence-token-file";

/**
 * A class of kubeconfigs in which a user's `tokenFile` counts as it does for kubectl: before all other
 * credentials, and relative to the kubeconfig. client-node drops it, and goes out as anonymous.
 */
export function withTokenFiles(library: typeof clientNode): new () => KubeConfig {
  return class extends library.KubeConfig {
    constructor() {
      super();
      this.addAuthenticator(TOKEN_FILE);
    }

    override loadFromFile(path: string): void {
      const text = readFileSync(path, "utf8");
      this.loadFromString(text);
      this.makePathsAbsolute(dirname(path));
      const written = listAt(library.loadYaml<unknown>(text), "users");
      this.users = this.users.map((user, at) => {
        const file = textAt(written[at], "user", "tokenFile");
        return file === "" ? user : fromFile(user, resolve(dirname(path), file));
      });
    }
  };
}

function fromFile({ token, exec: _, ...user }: User, path: string): User {
  return { ...user, authProvider: { name: PROVIDER, config: { path, token } } };
}

const TOKEN_FILE: Parameters<KubeConfig["addAuthenticator"]>[0] = {
  isAuthProvider: ({ authProvider }) => textAt(authProvider, "name") === PROVIDER,
  // Read for every request: whoever writes the file may replace a token at any time.
  applyAuthentication: async ({ authProvider }, options: { headers?: OutgoingHttpHeaders }) => {
    const instead = textAt(authProvider, "config", "token");
    const token = await readFile(textAt(authProvider, "config", "path"), "utf8").catch(
      (error: unknown) => {
        if (instead === "") throw error;
        return instead;
      },
    );
    options.headers = { ...options.headers, Authorization: `Bearer ${token.trim()}` };
  },
};
