import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import * as resourceTypes from "../../src/cluster/resource-type.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { DEFAULT_SETTINGS } from "../../src/config/settings.ts";
import { RESOURCE_KINDS } from "../../src/resources/resource.ts";
import { createServer } from "../../src/server/create-server.ts";
import { POLICY_READERS } from "../../src/wire/policy-readers.ts";
import { MODE_LABEL, PROFILE_LABEL } from "../../src/wire/ringfence-labels.ts";
import {
  find,
  manifestsFolder,
  readBase,
  type Webhook,
  webhookConfigurations,
} from "./rendered-manifests.ts";

const base = await readBase();
const config = loadConfig([], {});
const webhooks = webhookConfigurations(base).flatMap((configuration) =>
  configuration.webhooks.map((webhook) => ({ phase: configuration.kind, ...webhook })),
);
const validating = webhooks.filter(({ phase }) => phase === "ValidatingWebhookConfiguration");
const mutating = webhooks.filter(({ phase }) => phase === "MutatingWebhookConfiguration");

const drainSource = await readFile(
  new URL("../../src/server/listeners.ts", import.meta.url),
  "utf8",
);

const port = z.object({ name: z.string(), containerPort: z.number() });
const probe = z.object({
  httpGet: z.object({ path: z.string(), port: z.string() }),
  // Kubernetes' own defaults.
  timeoutSeconds: z.number().default(1),
  periodSeconds: z.number().default(10),
  failureThreshold: z.number().default(3),
});
const deployment = z
  .looseObject({
    spec: z.looseObject({
      replicas: z.number(),
      selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
      template: z.looseObject({
        spec: z.looseObject({
          serviceAccountName: z.string(),
          terminationGracePeriodSeconds: z.number(),
          securityContext: z.looseObject({}),
          containers: z.tuple([
            z.looseObject({
              image: z.string(),
              ports: z.array(port),
              env: z.array(z.object({ name: z.string(), value: z.string() })),
              resources: z.looseObject({ limits: z.object({ memory: z.string() }) }),
              startupProbe: probe,
              livenessProbe: probe,
              readinessProbe: probe,
              lifecycle: z.object({
                preStop: z.object({
                  exec: z.object({ command: z.tuple([z.string(), z.string(), z.string()]) }),
                }),
              }),
              securityContext: z.looseObject({}),
              volumeMounts: z.array(z.looseObject({ mountPath: z.string(), name: z.string() })),
            }),
          ]),
          volumes: z.array(z.looseObject({ name: z.string() })),
        }),
      }),
    }),
  })
  .parse(find(base, "Deployment", "ringfence")).spec;
const pod = deployment.template.spec;
const [container] = pod.containers;
const role = z.looseObject({
  rules: z.array(
    z.strictObject({
      apiGroups: z.array(z.string()),
      resources: z.array(z.string()),
      resourceNames: z.array(z.string()).optional(),
      verbs: z.array(z.string()),
    }),
  ),
});
const roleBinding = z.looseObject({
  subjects: z.array(z.looseObject({ namespace: z.string(), name: z.string() })),
});
const service = z
  .looseObject({
    metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
    spec: z.object({
      selector: z.record(z.string(), z.string()),
      ports: z.array(z.looseObject({ port: z.number(), targetPort: z.string() })),
    }),
  })
  .parse(find(base, "Service", "ringfence-webhook"));

/** The labels that Kustomize puts on everything, the pod template included. */
const commonLabels = z
  .looseObject({
    labels: z.array(
      z.object({
        includeSelectors: z.literal(false),
        includeTemplates: z.literal(true),
        pairs: z.record(z.string(), z.string()),
      }),
    ),
  })
  .parse(parse(await readFile(join(manifestsFolder, "base", "kustomization.yaml"), "utf8")))
  .labels[0]?.pairs;

describe("every webhook", () => {
  it.each(webhooks)("$phase $name calls the Service on a path the server has", (webhook) => {
    const { namespace, name, port: servicePort, path } = webhook.clientConfig.service;
    expect({ namespace, name }).toEqual({
      namespace: service.metadata.namespace,
      name: service.metadata.name,
    });
    expect(service.spec.ports.map(({ port: number }) => number)).toContain(servicePort);
    expect(path).toBe(webhook.phase.startsWith("Mutating") ? "/mutate" : "/validate");
    expect(server().hasRoute({ method: "POST", url: path })).toBe(true);
  });

  it.each(webhooks)(
    "$phase $name has no side effects on a dry run and little patience",
    (webhook) => {
      // What the validators deny or warn of leaves an Event.
      const isSilent =
        webhook.phase.startsWith("Mutating") || webhook.name.startsWith("resources.");
      expect(webhook).toMatchObject({
        sideEffects: isSilent ? "None" : "NoneOnDryRun",
        matchPolicy: "Equivalent",
        admissionReviewVersions: ["v1"],
        timeoutSeconds: 5,
      });
      // The decision ends before the API server stops waiting.
      expect(DEFAULT_SETTINGS.decisionDeadlineMs).toBeLessThan(webhook.timeoutSeconds * 1000);
    },
  );

  it.each(webhooks)("$phase $name fails closed exactly where the mode enforces", (webhook) => {
    const mode = requirement(webhook, MODE_LABEL);
    const isAdvisory = mode?.operator === "In";
    expect(webhook.failurePolicy).toBe(isAdvisory ? "Ignore" : "Fail");
    expect(mode?.values ?? []).toEqual(isOfTheCluster(webhook) ? [] : ["warn", "audit"]);
  });

  it.each(webhooks.filter((webhook) => !isOfTheCluster(webhook)))(
    "$phase $name selects what has opted in, and never the system's namespaces",
    (webhook) => {
      expect(requirement(webhook, PROFILE_LABEL)?.operator).toBe("Exists");
      const never = requirement(webhook, "kubernetes.io/metadata.name");
      expect(never?.operator).toBe("NotIn");
      expect(never?.values).toContain(DEFAULT_SETTINGS.ownNamespace);
      expect(never?.values).toContain("kube-system");
    },
  );
});

describe("the webhooks together", () => {
  it("have names of their own, which kubectl shows", () => {
    for (const list of [validating, mutating]) {
      expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
    }
  });

  it.each(Object.values(POLICY_READERS))("validate $resource of $group", (reader) => {
    const { group, version } = reader;
    const rules = validating
      .flatMap((webhook) => webhook.rules)
      .filter((rule) => rule.apiGroups.includes(group) && rule.resources.includes(reader.resource));
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      expect(rule.apiVersions).toEqual(expect.arrayContaining([version, ...reader.otherVersions]));
      expect(rule.operations).toEqual(["CREATE", "UPDATE", "DELETE"]);
      expect(rule.scope).toBe(reader.namespaced ? "Namespaced" : "Cluster");
    }
  });

  it("take no delete to the mutators, which have nothing to change there", () => {
    for (const { rules } of mutating) {
      expect(rules.flatMap(({ operations }) => operations)).toEqual(["CREATE", "UPDATE"]);
    }
  });
});

describe("docs/reference/admission.md", () => {
  it("lists every webhook with its failurePolicy", async () => {
    const text = await readFile(join(manifestsFolder, "../docs/reference/admission.md"), "utf8");
    const rows = Array.from(
      text.matchAll(/^\| `([\w-]+\.ringfence\.dev)` \|.*\| `(\w+)` \|$/gm),
      ([, name, failurePolicy]) => ({ name, failurePolicy }),
    );
    expect(rows).toEqual(validating.map(({ name, failurePolicy }) => ({ name, failurePolicy })));
  });
});

describe("the Deployment", () => {
  it("serves on the ports that are the configuration's defaults", () => {
    expect(container.ports.map(({ name, containerPort }) => [name, containerPort])).toEqual([
      ["webhook", DEFAULT_SETTINGS.webhookPort],
      ["health", DEFAULT_SETTINGS.healthPort],
      ["metrics", DEFAULT_SETTINGS.metricsPort],
    ]);
    expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual(["webhook"]);
  });

  it("mounts what the configuration's defaults name", () => {
    const mounted = container.volumeMounts.map(({ mountPath }) => mountPath);
    expect(mounted).toContain(dirname(DEFAULT_SETTINGS.certificatePath));
    expect(mounted).toContain(dirname(DEFAULT_SETTINGS.keyPath));
    expect(mounted).toContain(DEFAULT_SETTINGS.resourceFolder);
    const volumes = pod.volumes.map(({ name }) => name);
    expect(container.volumeMounts.map(({ name }) => name)).toEqual(volumes);
  });

  it("is probed where the probes are served", () => {
    const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
    expect(probes.map(({ httpGet }) => httpGet)).toEqual([
      { path: "/healthz", port: "health" },
      { path: "/healthz", port: "health" },
      { path: "/readyz", port: "health" },
    ]);
  });

  it("is not taken for dead or unready while it judges the largest policy", () => {
    const { livenessProbe: liveness, readinessProbe: readiness } = container;
    for (const { timeoutSeconds } of [liveness, readiness]) expect(timeoutSeconds).toBe(5);
    const [deadAfter = 0, unreadyAfter = 0] = [liveness, readiness].map(
      ({ periodSeconds, failureThreshold }) => periodSeconds * failureThreshold,
    );
    expect(deadAfter).toBeGreaterThan(3 * unreadyAfter);
  });

  it("lets the heap grow to three quarters of the memory limit", () => {
    const limitMiB = Number(/^(\d+)Gi$/.exec(container.resources.limits.memory)?.[1]) * 1024;
    expect(container.env).toContainEqual({
      name: "NODE_OPTIONS",
      value: `--max-old-space-size=${(limitMiB * 3) / 4}`,
    });
  });

  it("is given the time to drain that the server takes", () => {
    const [, preStopMs = ""] =
      /, ([\d_]+)\)/.exec(container.lifecycle.preStop.exec.command[2]) ?? [];
    const [, hardCutMs = ""] = /HARD_CUT_MS = ([\d_]+)/.exec(drainSource) ?? [];
    const spentMs = [preStopMs, hardCutMs].map((text) => Number(text.replaceAll("_", "")));
    expect(spentMs.every((ms) => ms > 0)).toBe(true);
    const graceMs = pod.terminationGracePeriodSeconds * 1000;
    expect(graceMs).toBeGreaterThan(spentMs.reduce((sum, ms) => sum + ms, 5000));
  });

  it("is selected by the Service, the budget and the network policy", () => {
    const labels = { "app.kubernetes.io/name": "ringfence" };
    expect(commonLabels).toMatchObject(labels);
    expect(deployment.selector.matchLabels).toEqual(labels);
    expect(service.spec.selector).toEqual(labels);
    for (const kind of ["PodDisruptionBudget", "NetworkPolicy"]) {
      const { spec } = z
        .looseObject({ spec: z.looseObject({}) })
        .parse(find(base, kind, "ringfence"));
      const selector = kind === "NetworkPolicy" ? spec["podSelector"] : spec["selector"];
      expect(selector).toEqual({ matchLabels: labels });
    }
  });

  it("is open to everybody on the webhook's port, opens the API server's to it, and no more", () => {
    const rules = z.array(z.looseObject({ ports: z.array(z.looseObject({ port: z.unknown() })) }));
    const { ingress, egress } = z
      .object({ spec: z.object({ ingress: rules, egress: rules }) })
      .parse(find(base, "NetworkPolicy", "ringfence")).spec;
    const openPorts = (of: typeof ingress, peers: string): readonly unknown[] =>
      of.filter((rule) => rule[peers] === undefined).flatMap(({ ports }) => ports);
    expect(openPorts(ingress, "from")).toEqual([{ protocol: "TCP", port: "webhook" }]);
    expect(openPorts(egress, "to")).toEqual([
      { protocol: "TCP", port: 443 },
      { protocol: "TCP", port: 6443 },
    ]);
    expect([ingress.length, egress.length]).toEqual([2, 1]);
  });

  it("meets the restricted Pod Security Standard that its namespace enforces", () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    expect(find(base, "Namespace", DEFAULT_SETTINGS.ownNamespace).metadata["labels"]).toMatchObject(
      {
        "pod-security.kubernetes.io/enforce": "restricted",
      },
    );
  });
});

describe("the ServiceAccount's rights", () => {
  const watched = [
    ...Object.values(resourceTypes).flatMap((type) => (typeof type === "function" ? [] : type)),
    // The one ConfigMap that may be read and written; a right to create cannot be limited by name.
    { group: "", resource: "configmaps ringfence-ledger" },
    ...Object.values(POLICY_READERS).map(({ group, resource }) => ({
      group,
      resource,
    })),
    ...RESOURCE_KINDS.flatMap(({ plural }) => [
      { group: "ringfence.dev", resource: plural },
      { group: "ringfence.dev", resource: `${plural}/status` },
    ]),
  ];
  const { CONFIG_MAPS, EVENTS, LEASES, SUBJECT_ACCESS_REVIEWS } = resourceTypes;
  /** What is more, or other, than being listed and watched. */
  const others = new Map<string, readonly string[]>([
    // Server-side apply creates where there is nothing to patch.
    ["networking.k8s.io/networkpolicies", ["list", "watch", "create", "patch", "delete"]],
    [`${EVENTS.group}/${EVENTS.resource}`, ["create", "patch"]],
    [`${LEASES.group}/${LEASES.resource}`, ["get", "create", "update"]],
    [`${CONFIG_MAPS.group}/${CONFIG_MAPS.resource}`, ["create"]],
    [`${CONFIG_MAPS.group}/${CONFIG_MAPS.resource} ringfence-ledger`, ["get", "update"]],
    ...RESOURCE_KINDS.map(({ plural }) => [`ringfence.dev/${plural}/status`, ["patch"]] as const),
    [`${SUBJECT_ACCESS_REVIEWS.group}/${SUBJECT_ACCESS_REVIEWS.resource}`, ["create"]],
  ]);
  const needed = new Map(
    watched.map(({ group, resource }) => {
      const name = `${group}/${resource}`;
      return [name, others.get(name) ?? ["list", "watch"]];
    }),
  );
  const granted = [rulesOf("ClusterRole", "ringfence"), rulesOf("Role", "ringfence-leader")]
    .flat()
    .flatMap(({ apiGroups, resources, resourceNames = [], verbs }) =>
      apiGroups.flatMap((group) =>
        resources.map((resource) => {
          const name = [`${group}/${resource}`, ...resourceNames].join(" ");
          return [name, verbs] as const;
        }),
      ),
    );

  it("are those that the code uses, and no others", () => {
    expect(new Map(granted)).toEqual(needed);
    expect(new Set(granted.map(([name]) => name)).size).toBe(granted.length);
  });

  it("are bound to the account that the pods run as", () => {
    const own = `system:serviceaccount:${DEFAULT_SETTINGS.ownNamespace}:${pod.serviceAccountName}`;
    const subjects = [
      find(base, "ClusterRoleBinding", "ringfence"),
      find(base, "RoleBinding", "ringfence-leader"),
    ].flatMap((binding) => roleBinding.parse(binding).subjects);
    for (const { namespace, name } of subjects) {
      expect(`system:serviceaccount:${namespace}:${name}`).toBe(own);
    }
    expect(config.ok && config.value.ownUsername).toBe(own);
  });
});

/** The server's routes, without a certificate and without listening. */
function server(): ReturnType<typeof createServer> {
  return createServer({
    admission: { handle: async () => null, fail: () => null },
    certificate: {
      certificate: "",
      key: "",
      clientCa: null,
      notBefore: new Date(0),
      notAfter: new Date(0),
    },
    deadlineMs: 1,
    clock: () => 0,
    isDraining: () => false,
  });
}

function rulesOf(kind: string, name: string): z.infer<typeof role>["rules"] {
  return role.parse(find(base, kind, name)).rules;
}

/** For objects of no namespace's: nobody opts in or out of them by a label. */
function isOfTheCluster({ name }: Webhook): boolean {
  return name.startsWith("tiers.") || name.startsWith("resources.");
}

function requirement(
  { namespaceSelector, objectSelector }: Webhook,
  key: string,
): { readonly operator: string; readonly values?: readonly string[] | undefined } | undefined {
  return [namespaceSelector, objectSelector]
    .flatMap((selector) => selector?.matchExpressions ?? [])
    .find((expression) => expression.key === key);
}
