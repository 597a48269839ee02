import { accessSync, constants } from "node:fs";
import type { ClientOptions } from "../../cluster/api-client.ts";
import { messageOf } from "../../errors.ts";
import { usageError } from "../input-error.ts";

/** Which cluster, and as whom: the flags of kubectl of these names. */
export interface ClusterFlags {
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  readonly token?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
  readonly requestTimeout?: string;
  readonly certificateAuthority?: string;
  readonly tlsServerName?: string;
  readonly insecureSkipTlsVerify?: boolean;
}

const NAMES: Readonly<Record<keyof ClusterFlags, string>> = {
  context: "--context",
  kubeconfig: "--kubeconfig",
  cluster: "--cluster",
  user: "--user",
  server: "--server",
  token: "--token",
  clientCertificate: "--client-certificate",
  clientKey: "--client-key",
  as: "--as",
  asGroup: "--as-group",
  asUid: "--as-uid",
  requestTimeout: "--request-timeout",
  certificateAuthority: "--certificate-authority",
  tlsServerName: "--tls-server-name",
  insecureSkipTlsVerify: "--insecure-skip-tls-verify",
};

/** Throws an InputError where one of them is given: none has a meaning for files. */
export function refuseClusterFlags(flags: ClusterFlags): void {
  const values = new Map<string, unknown>(Object.entries(flags));
  for (const [key, name] of Object.entries(NAMES)) {
    if (values.get(key) !== undefined)
      throw usageError(`${name} has no meaning beside --manifests`);
  }
}

/** Report whether the user has said which cluster is meant. */
export function isChosen({ context, cluster, user }: ClusterFlags): boolean {
  return [context, cluster, user].some((name) => name !== undefined);
}

/** How to reach the cluster that the flags name. Throws an InputError. */
export function clientOptions(flags: ClusterFlags): ClientOptions {
  const { kubeconfig, context, cluster, user, server, token } = flags;
  const { clientCertificate, clientKey, certificateAuthority, tlsServerName } = flags;
  const { insecureSkipTlsVerify: insecure } = flags;
  if (server !== undefined && !isAddress(server)) {
    throw usageError(`--server: \`${server}\` is not an address; write https://HOST:PORT`);
  }
  for (const key of FILES) refuseUnreadable(NAMES[key], flags[key]);
  if (certificateAuthority !== undefined && insecure !== undefined) {
    throw usageError(
      `${NAMES.certificateAuthority} has no meaning beside ${NAMES.insecureSkipTlsVerify}`,
    );
  }
  return {
    kubeconfig: kubeconfig ?? null,
    ...given({ context, cluster, user, server, token, insecure }),
    ...given({ clientCertificate, clientKey, certificateAuthority, tlsServerName }),
    ...impersonation(flags),
    ...(flags.requestTimeout === undefined ? {} : { timeoutMs: timeoutOf(flags.requestTimeout) }),
  };
}

const FILES = ["clientCertificate", "clientKey", "certificateAuthority"] as const;

function refuseUnreadable(flag: string, path: string | undefined): void {
  try {
    if (path !== undefined) accessSync(path, constants.R_OK);
  } catch (error) {
    throw usageError(`${flag}: ${messageOf(error)}`);
  }
}

function isAddress(server: string): boolean {
  return /^https?:\/\//.test(server) && URL.canParse(server);
}

/** The fields that are there. */
function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}

function impersonation({ as, asGroup, asUid }: ClusterFlags): Pick<ClientOptions, "impersonate"> {
  if (as !== undefined) {
    return { impersonate: { user: as, groups: asGroup ?? [], ...given({ uid: asUid }) } };
  }
  for (const [flag, value] of [["--as-group", asGroup] as const, ["--as-uid", asUid] as const]) {
    if (value !== undefined)
      throw usageError(`${flag} needs --as: a group without a user is nobody`);
  }
  return {};
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest that a timer takes: 24 days. */
const MAX_MS = 2 ** 31 - 1;

/** As kubectl reads it: `30s`, `1m30s`, a number of seconds, or `0` for as long as it takes. */
function timeoutOf(text: string): number {
  const parts = /^\d+$/.test(text)
    ? [[text, "s"] as const]
    : Array.from(
        text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g),
        ([, number, unit]) => [number, unit] as const,
      );
  const ms = parts.reduce(
    (sum, [number, unit]) => sum + Number(number) * (UNITS_MS[unit ?? ""] ?? 0),
    0,
  );
  if (!/^(?:\d+|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+)$/.test(text)) {
    throw usageError(`--request-timeout: \`${text}\` is not a time; write 30s, 2m or 0`);
  }
  return ms === 0 ? MAX_MS : Math.min(ms, MAX_MS);
}
