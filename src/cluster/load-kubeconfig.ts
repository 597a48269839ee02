import type { Cluster, Context, KubeConfig, User } from "@kubernetes/client-node";
import { AppError } from "../errors.ts";

/** Which kubeconfig, and what of it; for what is left out, its current context counts. */
export interface KubeconfigChoice {
  /** A kubeconfig's path; null looks where kubectl does, then for a pod's own ServiceAccount. */
  readonly kubeconfig: string | null;
  /** Names in the kubeconfig. */
  readonly context?: string;
  readonly cluster?: string;
  readonly user?: string;
  /** Address of the API server, in the place of the cluster's. */
  readonly server?: string;
  /** A bearer token, in the place of the user's credentials. */
  readonly token?: string;
  /** Do not verify the API server's certificate. */
  readonly insecure?: boolean;
}

/** What client-node calls the context that it makes up where it finds nothing to load. */
export const NO_KUBECONFIG = "loaded-context";

/**
 * The kubeconfig, narrowed to what was chosen. Throws an AppError `NP_E_CONFIG` for a name that it does not
 * have, and whatever client-node throws for one that cannot be read.
 */
export async function loadKubeconfig(choice: KubeconfigChoice): Promise<KubeConfig> {
  // PERF: half a second and 80 MB that nothing without a cluster should pay.
  const library = await import("@kubernetes/client-node");
  const config = new library.KubeConfig();
  if (choice.kubeconfig === null) config.loadFromDefault();
  else config.loadFromFile(choice.kubeconfig);
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  const narrowed = narrow(config, choice);
  if (narrowed !== null) config.loadFromOptions(narrowed);
  return config;
}

interface Narrowed {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
  readonly currentContext: string;
}

/** Null if everything is as the context says, which client-node then handles as kubectl does. */
function narrow(config: KubeConfig, choice: KubeconfigChoice): Narrowed | null {
  const name = config.getCurrentContext();
  const context = config.getContextObject(name);
  const cluster = chooseCluster(config, choice, context);
  const { cluster: clusterName, user, server, token, insecure } = choice;
  const isAsIs = [clusterName, user, server, token, insecure].every((it) => it === undefined);
  if (cluster === null || (isAsIs && !isPlain(cluster))) return null;
  return {
    // client-node refuses HTTP unless told not to verify what HTTP does not have; kubectl does not ask.
    clusters: [isPlain(cluster) ? { ...cluster, skipTLSVerify: true } : cluster],
    users: [chooseUser(config, choice, context)],
    contexts: [{ ...context, name, cluster: cluster.name, user: USER }],
    currentContext: name,
  };
}

function chooseCluster(
  config: KubeConfig,
  { cluster, server, insecure }: KubeconfigChoice,
  context: Context | null,
): Cluster | null {
  const name = cluster ?? context?.cluster ?? "";
  const found = config.getCluster(name);
  if (cluster !== undefined && found === null) {
    throw unknownName("cluster", cluster, config.getClusters());
  }
  const address = server ?? found?.server;
  if (address === undefined) return null;
  const skipTLSVerify = insecure ?? found?.skipTLSVerify ?? false;
  return { ...found, name, server: address, skipTLSVerify };
}

/** `kubectl proxy`, for one. */
function isPlain({ server }: Cluster): boolean {
  return server.startsWith("http:");
}

/** client-node leaves out the CA where a context names no user, so there always is one. */
const USER = "chosen";

function chooseUser(
  config: KubeConfig,
  { user, token }: KubeconfigChoice,
  context: Context | null,
): User {
  const name = user ?? context?.user ?? "";
  const found = config.getUser(name);
  if (user !== undefined && found === null) throw unknownName("user", user, config.getUsers());
  return token === undefined ? { ...found, name: USER } : { name: USER, token };
}

/** A name that the kubeconfig does not have, with those that it has. */
export function unknownName(
  what: string,
  name: string,
  having: readonly { readonly name: string }[],
): AppError {
  const names = having.map((one) => `\`${one.name}\``);
  const known = names.length === 0 ? "it has none" : `there are ${names.join(", ")}`;
  return new AppError("NP_E_CONFIG", `the kubeconfig has no ${what} \`${name}\`; ${known}`);
}
