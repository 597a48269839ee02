import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { z } from "zod";
import type { ControlPlane } from "../support/control-plane.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { readBase, webhookConfigurations } from "./rendered-manifests.ts";

const review = z.looseObject({ request: z.looseObject({ uid: z.string() }) });
const POLICIES = "/apis/networking.k8s.io/v1";
const merge = "application/merge-patch+json";

const enforced = { "ringfence.dev/profile": "restricted" };
const warned = { ...enforced, "ringfence.dev/mode": "warn" };

function validating(name: string): readonly string[] {
  return [`validating/${name}.ringfence.dev`];
}

function both(name: string): readonly string[] {
  return [`mutating/${name}.ringfence.dev`, ...validating(name)];
}

/** Allows everything and remembers which webhook was asked. */
class Recorder {
  #asked: string[] = [];
  readonly #server: Server;

  constructor(certificate: { readonly cert: Buffer; readonly key: Buffer }) {
    this.#server = createServer(certificate, (request, response) => {
      void this.#answer(request, response);
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const { port } = z.object({ port: z.number() }).parse(this.#server.address());
    return `https://127.0.0.1:${port}`;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Which webhooks `act` makes the API server call, in order of their names. */
  async during(act: () => Promise<unknown>): Promise<readonly string[]> {
    this.#asked = [];
    await act();
    return this.#asked.toSorted();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#asked.push((request.url ?? "").replaceAll(/^\/|\?.*$/g, ""));
    const { uid } = review.parse(await json(request)).request;
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: { uid, allowed: true },
      }),
    );
  }
}

describeWithControlPlane("the webhooks' selectors", (plane) => {
  let recorder: Recorder;

  beforeAll(async () => {
    recorder = new Recorder({
      cert: await readFile(plane().serving.certificate),
      key: await readFile(plane().serving.key),
    });
    const url = await recorder.start();
    const caBundle = (await readFile(plane().authority.certificate)).toString("base64");
    for (const configuration of webhookConfigurations(await readBase())) {
      const phase = configuration.kind.startsWith("Mutating") ? "mutating" : "validating";
      const webhooks = configuration.webhooks.map((webhook) => ({
        ...webhook,
        clientConfig: { url: `${url}/${phase}/${webhook.name}`, caBundle },
      }));
      const collection = `${phase}webhookconfigurations`;
      await plane().create(`/apis/admissionregistration.k8s.io/v1/${collection}`, {
        ...configuration,
        webhooks,
      });
    }
    await untilCalled(plane(), recorder);
  });
  afterAll(() => recorder.stop());

  it("cost a namespace that did not opt in nothing", async () => {
    expect(await recorder.during(() => createNamespace(plane(), "plain", {}))).toEqual([]);
    expect(await recorder.during(() => label(plane(), "plain", { team: "a" }))).toEqual([]);
    expect(await recorder.during(() => createPolicy(plane(), "plain"))).toEqual([]);
    expect(await recorder.during(() => deletePolicy(plane(), "plain"))).toEqual([]);
    expect(await recorder.during(() => remove(plane(), "/api/v1/namespaces/plain"))).toEqual([]);
  });

  it("send every change in an enforced namespace to the webhooks that fail closed", async () => {
    const name = "enforced";
    expect(await recorder.during(() => createNamespace(plane(), name, enforced))).toEqual(
      both("namespaces"),
    );
    expect(await recorder.during(() => createPolicy(plane(), name))).toEqual(
      validating("policies"),
    );
    expect(await recorder.during(() => labelPolicy(plane(), name))).toEqual(validating("policies"));
    expect(await recorder.during(() => deletePolicy(plane(), name))).toEqual(
      validating("policies"),
    );
    expect(await recorder.during(() => remove(plane(), `/api/v1/namespaces/${name}`))).toEqual(
      validating("namespaces"),
    );
  });

  it("send a namespace in roll-out to the webhooks that fail open", async () => {
    const name = "warned";
    const advisory = both("namespaces-advisory");
    expect(await recorder.during(() => createNamespace(plane(), name, warned))).toEqual(advisory);
    expect(await recorder.during(() => createPolicy(plane(), name))).toEqual(
      validating("policies-advisory"),
    );
    expect(await recorder.during(() => deletePolicy(plane(), name))).toEqual(
      validating("policies-advisory"),
    );
  });

  it("see a namespace opt in", async () => {
    await createNamespace(plane(), "joins", {});
    expect(await recorder.during(() => label(plane(), "joins", enforced))).toEqual(
      both("namespaces"),
    );
  });

  it.each([
    ["", "PATCH"],
    ["/status", "PATCH"],
    ["/finalize", "PUT"],
  ])("see the label taken off through namespaces%s", async (subresource, method) => {
    const name = `leaves${subresource.replace("/", "-")}`;
    await createNamespace(plane(), name, enforced);
    const leave = (): Promise<unknown> =>
      method === "PATCH"
        ? label(plane(), name, { "ringfence.dev/profile": null }, subresource)
        : plane().request("PUT", `/api/v1/namespaces/${name}${subresource}`, {
            body: { apiVersion: "v1", kind: "Namespace", metadata: { name } },
          });
    expect(await recorder.during(leave)).toContain("validating/namespaces.ringfence.dev");
  });

  it("see the mode softened, where failing open would let anybody out", async () => {
    await createNamespace(plane(), "softens", enforced);
    const soften = (): Promise<unknown> => label(plane(), "softens", warned);
    expect(await recorder.during(soften)).toContain("validating/namespaces.ringfence.dev");
  });

  it("see a changed object in a namespace that is both: the label and a mode nobody knows", async () => {
    const labels = { ...enforced, "ringfence.dev/mode": "audti" };
    await createNamespace(plane(), "mistyped", labels);
    expect(await recorder.during(() => createPolicy(plane(), "mistyped"))).toEqual(
      validating("policies"),
    );
  });

  it("see the objects of a deletecollection one by one", async () => {
    await createNamespace(plane(), "emptied", enforced);
    await createPolicy(plane(), "emptied");
    const path = `${POLICIES}/namespaces/emptied/networkpolicies`;
    expect(await recorder.during(() => remove(plane(), path))).toEqual(validating("policies"));
  });

  it("see a cluster-scoped policy, which no label of a namespace governs", async () => {
    await defineKind(plane(), "clusternetworkpolicies", "ClusterNetworkPolicy", "v1alpha2");
    const path = "/apis/policy.networking.k8s.io/v1alpha2/clusternetworkpolicies";
    const policy = {
      apiVersion: "policy.networking.k8s.io/v1alpha2",
      kind: "ClusterNetworkPolicy",
      metadata: { name: "admin" },
    };
    expect(await recorder.during(() => plane().create(path, policy))).toEqual(validating("tiers"));
  });

  it.each(["kube-system", "kube-public", "kube-node-lease", "ringfence-system"])(
    "never select %s, whatever its labels say",
    async (name) => {
      const labels = { ...enforced, "kubernetes.io/metadata.name": name };
      expect(await recorder.during(() => createOrLabel(plane(), name, labels))).toEqual([]);
      expect(await recorder.during(() => createPolicy(plane(), name))).toEqual([]);
    },
  );
});

/** The API server takes a moment to see a new configuration. */
async function untilCalled(plane: ControlPlane, recorder: Recorder): Promise<void> {
  let probes = 0;
  await vi.waitFor(
    async () => {
      probes += 1;
      const probe = `probe-${probes}`;
      expect(await recorder.during(() => createNamespace(plane, probe, enforced))).toHaveLength(2);
    },
    { timeout: 10_000 },
  );
}

/** A custom resource definition without a schema, and the time until the API server serves it. */
async function defineKind(
  plane: ControlPlane,
  plural: string,
  kind: string,
  version: string,
): Promise<void> {
  const schema = {
    openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  };
  const group = "policy.networking.k8s.io";
  await plane.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      annotations: { "api-approved.kubernetes.io": "unapproved, a definition for this test" },
    },
    spec: {
      group,
      scope: "Cluster",
      names: { plural, kind },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  });
  await vi.waitFor(
    async () => {
      const path = `/apis/${group}/${version}/${plural}`;
      expect(await plane.request("GET", path)).toMatchObject({ status: 200 });
    },
    { timeout: 10_000 },
  );
}

type LabelPatch = Readonly<Record<string, string | null>>;

async function createNamespace(
  plane: ControlPlane,
  name: string,
  labels: LabelPatch,
): Promise<void> {
  const body = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
  await plane.create("/api/v1/namespaces", body);
}

async function createOrLabel(plane: ControlPlane, name: string, labels: LabelPatch): Promise<void> {
  const { status } = await plane.request("GET", `/api/v1/namespaces/${name}`);
  if (status === 404) return createNamespace(plane, name, labels);
  await label(plane, name, labels);
}

async function label(
  plane: ControlPlane,
  name: string,
  labels: LabelPatch,
  subresource = "",
): Promise<void> {
  const path = `/api/v1/namespaces/${name}${subresource}`;
  const options = { contentType: merge, body: { metadata: { labels } } };
  expect(await plane.request("PATCH", path, options)).toMatchObject({ status: 200 });
}

async function createPolicy(plane: ControlPlane, namespace: string): Promise<void> {
  await plane.create(`${POLICIES}/namespaces/${namespace}/networkpolicies`, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "policy" },
    spec: { podSelector: {} },
  });
}

async function labelPolicy(plane: ControlPlane, namespace: string): Promise<void> {
  const path = `${POLICIES}/namespaces/${namespace}/networkpolicies/policy`;
  const body = { metadata: { labels: { team: "a" } } };
  const response = await plane.request("PATCH", path, { contentType: merge, body });
  expect(response).toMatchObject({ status: 200 });
}

async function deletePolicy(plane: ControlPlane, namespace: string): Promise<void> {
  await remove(plane, `${POLICIES}/namespaces/${namespace}/networkpolicies/policy`);
}

async function remove(plane: ControlPlane, path: string): Promise<void> {
  expect(await plane.request("DELETE", path)).toMatchObject({ status: 200 });
}
