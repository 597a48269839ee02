import { statSync } from "node:fs";
import { delimiter } from "node:path";
import type { Cluster, Context, KubeConfig, User } from "@kubernetes/client-node";
import { AppError, messageOf } from "../errors.ts";
import { withTokenFiles } from "./token-file.ts";

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
  /** PEM files of a certificate to be known by, and its key; paths, here and below, by the current folder. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  /** Do not verify the API server's certificate. */
  readonly insecure?: boolean;
  /** A PEM file of the authorities that may vouch for the API server, in the place of the cluster's. */
  readonly certificateAuthority?: string;
  /** The name that the API server's certificate has to have. */
  readonly tlsServerName?: string;
}

/** What client-node calls the context that it makes up where it finds nothing to load. */
const NO_KUBECONFIG = "loaded-context";

/**
 * The kubeconfig, narrowed to what was chosen. Throws an AppError `NP_E_CONFIG` where there is none, for one
 * that cannot be read, and for a cluster or user that it does not have.
 */
export async function loadKubeconfig(choice: KubeconfigChoice): Promise<KubeConfig> {
  // PERF: half a second and 80 MB that nothing without a cluster should pay.
  const library = await import("@kubernetes/client-node");
  const Kubeconfig = withTokenFiles(library);
  const read = (path: string): KubeConfig => readFile(new Kubeconfig(), path);
  const config =
    choice.kubeconfig === null ? readDefault(new Kubeconfig(), read) : read(choice.kubeconfig);
  const isMadeUp = config.getContexts().some(({ name }) => name === NO_KUBECONFIG);
  const names = [choice.context, choice.cluster, choice.user];
  if (isMadeUp && (choice.server === undefined || names.some((name) => name !== undefined))) {
    throw new AppError("NP_E_CONFIG", "there is no kubeconfig");
  }
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  const narrowed = narrow(config, choice);
  if (narrowed !== null) config.loadFromOptions(narrowed);
  return config;
}

function readFile(config: KubeConfig, path: string): KubeConfig {
  try {
    config.loadFromFile(path);
    return config;
  } catch (cause) {
    // What follows the first line is an excerpt.
    const [reason = ""] = messageOf(cause).split("\n");
    const where = reason.includes(path) ? "" : `${path}: `;
    throw new AppError("NP_E_CONFIG", `cannot read the kubeconfig: ${where}${reason}`, { cause });
  }
}

/**
 * As kubectl: the files of KUBECONFIG are one, in which the first to say something counts, and those that are
 * not there or empty say nothing. (client-node takes the last one's current context, and so another cluster.)
 */
function readDefault(config: KubeConfig, read: (path: string) => KubeConfig): KubeConfig {
  // oxlint-disable-next-line node/no-process-env -- client-node looks there otherwise
  const named = (process.env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (named.length === 0) {
    config.loadFromDefault();
    return config;
  }
  const isThere = (path: string): boolean =>
    (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const parts = named.filter(isThere).map(read);
  if (parts.length === 0) {
    throw new AppError("NP_E_CONFIG", `there is no kubeconfig ${named.join(" or ")}`);
  }
  config.loadFromOptions({
    clusters: firsts(parts.flatMap(({ clusters }) => clusters)),
    users: firsts(parts.flatMap(({ users }) => users)),
    contexts: firsts(parts.flatMap(({ contexts }) => contexts)),
    currentContext: parts.map(({ currentContext }) => currentContext).find(Boolean),
  });
  return config;
}

function firsts<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return items.filter(({ name }, at) => items.findIndex((one) => one.name === name) === at);
}

interface Narrowed {
  readonly clusters: readonly Cluster[];
  readonly users: readonly User[];
  readonly contexts: readonly Context[];
  readonly currentContext: string;
}

/** What stands in the place of something that the kubeconfig says. */
const IN_PLACE = [
  "cluster",
  "user",
  "server",
  "token",
  "clientCertificate",
  "clientKey",
  "insecure",
  "certificateAuthority",
  "tlsServerName",
] as const satisfies readonly (keyof KubeconfigChoice)[];

/** Null if everything is as the context says, which client-node then handles as kubectl does. */
function narrow(config: KubeConfig, choice: KubeconfigChoice): Narrowed | null {
  const name = config.getCurrentContext() || CHOSEN;
  const context = config.getContextObject(name);
  // It is left to fail, whatever the other flags say.
  if (context === null && choice.context !== undefined) return null;
  const cluster = chooseCluster(config, choice, context);
  const isAsIs = IN_PLACE.every((key) => choice[key] === undefined);
  if (cluster === null || (isAsIs && !isPlain(cluster))) return null;
  return {
    // client-node refuses HTTP unless told not to verify what HTTP does not have; kubectl does not ask.
    clusters: [isPlain(cluster) ? { ...cluster, skipTLSVerify: true } : cluster],
    users: [chooseUser(config, choice, context)],
    contexts: [{ ...context, name, cluster: cluster.name, user: CHOSEN }],
    currentContext: name,
  };
}

function chooseCluster(
  config: KubeConfig,
  choice: KubeconfigChoice,
  context: Context | null,
): Cluster | null {
  const { cluster, server } = choice;
  const name = cluster ?? context?.cluster ?? "";
  const found = config.getCluster(name);
  if (cluster !== undefined && found === null) {
    throw unknownName("cluster", cluster, config.getClusters());
  }
  const address = server ?? found?.server;
  if (address === undefined) return null;
  return { ...found, name, server: address, ...verification(choice, found) };
}

/** Whoever names authorities wants the API server's certificate verified by them. */
function verification(
  { server, insecure, certificateAuthority, tlsServerName }: KubeconfigChoice,
  found: Cluster | null,
): Pick<Cluster, "skipTLSVerify" | "caFile" | "tlsServerName"> {
  // A name that the kubeconfig says is that of the server it says.
  const ownName = server === undefined ? found?.tlsServerName : "";
  const names = { tlsServerName: tlsServerName ?? ownName ?? "" };
  if (certificateAuthority !== undefined) {
    return { ...names, caFile: certificateAuthority, skipTLSVerify: false };
  }
  return { ...names, skipTLSVerify: insecure ?? found?.skipTLSVerify ?? false };
}

/** `kubectl proxy`, for one. */
function isPlain({ server }: Cluster): boolean {
  return server.startsWith("http:");
}

/** Of the user, as client-node leaves out the CA where a context names none; and of a context where there is none. */
const CHOSEN = "chosen";

function chooseUser(config: KubeConfig, choice: KubeconfigChoice, context: Context | null): User {
  const { user } = choice;
  const name = user ?? context?.user ?? "";
  const found = config.getUser(name);
  if (user !== undefined && found === null) throw unknownName("user", user, config.getUsers());
  return withCredentials(choice, found);
}

function withCredentials(
  { token, clientCertificate, clientKey }: KubeconfigChoice,
  found: User | null,
): User {
  const chosen: User = {
    ...(token === undefined ? found : { token }),
    name: CHOSEN,
    ...(clientCertificate === undefined ? {} : { certFile: clientCertificate }),
    ...(clientKey === undefined ? {} : { keyFile: clientKey }),
  };
  // TLS would leave the certificate out, and the request go out as anonymous.
  if (clientCertificate !== undefined && (chosen.keyFile ?? chosen.keyData ?? "") === "") {
    throw new AppError("NP_E_CONFIG", "the client certificate has no key");
  }
  return chosen;
}

/** The context that counts. Throws an AppError `NP_E_CONFIG` where there is none. */
export function contextOf(config: KubeConfig): Context {
  const name: string | undefined = config.getCurrentContext();
  if (name === undefined || name === "") {
    throw unknownName("current context", null, config.getContexts());
  }
  const context = config.getContextObject(name);
  if (context === null) throw unknownName("context", name, config.getContexts());
  return context;
}

/** A name that the kubeconfig does not have, with those that it has. */
function unknownName(
  what: string,
  name: string | null,
  having: readonly { readonly name: string }[],
): AppError {
  const names = having.map((one) => `\`${one.name}\``);
  const known = names.length === 0 ? "it has none" : `there are ${names.join(", ")}`;
  const called = name === null ? "" : ` \`${name}\``;
  return new AppError("NP_E_CONFIG", `the kubeconfig has no ${what}${called}; ${known}`);
}
