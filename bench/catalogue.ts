/** What generated clusters are made of. */
export type Manifest = Readonly<Record<string, unknown>>;

export interface ClusterSize {
  readonly namespaces: number;
  readonly pods: number;
  /** Policies in all, the baselines included. */
  readonly policies: number;
  /** That all namespaces have; `baseline` if left out. */
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
