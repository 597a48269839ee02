/** What generated clusters are made of. */
export type Manifest = Readonly<Record<string, unknown>>;

export interface ClusterSize {
  readonly namespaces: number;
  readonly pods: number;
  /** All policies, including the baselines. */
  readonly policies: number;
  /** The profile of all namespaces; `baseline` by default. */
  readonly profile?: string;
}

export interface App {
  readonly name: string;
  readonly namespace: string;
  readonly tier: string;
  readonly port: number;
  readonly kind: "Deployment" | "StatefulSet" | "Job";
}

export const TEAMS = ["shop", "payments", "search", "ml", "core", "growth", "infra", "data"];
export const APPS = [
  "web",
  "api",
  "worker",
  "db",
  "cache",
  "queue",
  "auth",
  "cron",
  "mail",
  "report",
];
