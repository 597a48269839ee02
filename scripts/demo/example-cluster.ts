import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { z } from "zod";

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().default(""),
  labels: z.record(z.string(), z.string()).default({}),
});

export const kubernetesObject = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata,
});
const workload = z.object({
  kind: z.enum(["Deployment", "StatefulSet"]),
  metadata,
  spec: z.object({
    replicas: z.number(),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({}),
    }),
  }),
});
const service = z.object({
  metadata,
  spec: z.object({
    selector: z.record(z.string(), z.string()),
    ports: z.array(
      z.object({
        name: z.string(),
        protocol: z.string(),
        targetPort: z.union([z.number(), z.string()]),
      }),
    ),
  }),
});

/** Any object as `kubectl get -o json` would print it. */
export type KubernetesObject = z.infer<typeof kubernetesObject>;

/** The objects of all YAML files of `folder`, in the order of their names. */
export async function readObjects(folder: string): Promise<readonly KubernetesObject[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.flatMap((text) =>
    parseAllDocuments(text, { version: "1.1" }).map((document) =>
      kubernetesObject.parse(document.toJS()),
    ),
  );
}

/**
 * What a cluster makes of `objects`: the pods of Deployments and StatefulSets, running and with
 * addresses, and the endpoints of Services.
 */
export function runControllers(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  const workloads = objects.flatMap((object) => workload.safeParse(object).data ?? []);
  const pods = workloads.flatMap(podsOf).map((pod, index) => ({
    ...pod,
    status: { phase: "Running", podIPs: [{ ip: `10.244.${(index % 2) + 1}.${index + 10}` }] },
    spec: { ...pod.spec, nodeName: `node-${(index % 2) + 1}` },
  }));
  const services = objects.filter(({ kind }) => kind === "Service").map((it) => service.parse(it));
  return [...objects, ...pods, ...services.map((it) => endpointsOf(it, pods))];
}

function podsOf({ kind, metadata: { name, namespace }, spec }: z.infer<typeof workload>) {
  // A Deployment's pods belong to a ReplicaSet, and both carry a hash of the template.
  const hash = kind === "Deployment" ? { "pod-template-hash": "6f9c4" } : {};
  const owner =
    kind === "Deployment" ? { kind: "ReplicaSet", name: `${name}-6f9c4` } : { kind, name };
  return Array.from({ length: spec.replicas }, (_, index) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: `${owner.name}-${index}`,
      namespace,
      labels: { ...spec.template.metadata.labels, ...hash },
      ownerReferences: [{ apiVersion: "apps/v1", controller: true, uid: owner.name, ...owner }],
    },
    spec: spec.template.spec,
  }));
}

function endpointsOf(
  { metadata: { name, namespace, labels }, spec }: z.infer<typeof service>,
  pods: readonly {
    readonly metadata: z.infer<typeof metadata>;
    readonly status: { readonly podIPs: readonly { readonly ip: string }[] };
  }[],
): KubernetesObject {
  const backing = pods.filter(
    (pod) =>
      pod.metadata.namespace === namespace &&
      Object.entries(spec.selector).every(([key, value]) => pod.metadata.labels[key] === value),
  );
  const addresses = backing.map((pod) => ({
    ip: pod.status.podIPs[0]?.ip,
    targetRef: { kind: "Pod", namespace, name: pod.metadata.name },
  }));
  const ports = spec.ports.map((it) => ({
    name: it.name,
    protocol: it.protocol,
    port: it.targetPort,
  }));
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name, namespace, labels },
    subsets: [{ addresses, ports }],
  };
}
