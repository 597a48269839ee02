import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { text } from "node:stream/consumers";
import { z } from "zod";
import type { Change } from "./change.ts";
import type { KubernetesObject } from "./example-cluster.ts";

const patchOperation = z.object({
  op: z.enum(["add", "replace"]),
  path: z.string(),
  value: z.unknown(),
});

const reviewReply = z.object({
  response: z.object({
    uid: z.string(),
    allowed: z.boolean(),
    status: z.object({ code: z.number(), reason: z.string(), message: z.string() }).optional(),
    warnings: z.array(z.string()).default([]),
    auditAnnotations: z.record(z.string(), z.string()).default({}),
    patch: z
      .base64()
      .transform((patch) =>
        z.array(patchOperation).parse(JSON.parse(Buffer.from(patch, "base64").toString())),
      )
      .optional(),
  }),
});

const responseEvent = z.tuple([z.instanceof(IncomingMessage)]);

export type PatchOperation = z.infer<typeof patchOperation>;
export type ReviewResponse = z.infer<typeof reviewReply>["response"];

type Operation = "CREATE" | "UPDATE" | "DELETE";

/** What an AdmissionReview says beside the object. */
export interface Situation {
  readonly change: Change;
  readonly operation: Operation;
  readonly oldObject: KubernetesObject | null;
}

const RESOURCES: Readonly<Record<string, string>> = {
  Namespace: "namespaces",
  NetworkPolicy: "networkpolicies",
};

/** Sends AdmissionReviews over TLS, as the API server does. */
export class ReviewClient {
  readonly #url: string;
  readonly #agent: Agent;

  /** `url` without a path; `ca` is what a webhook configuration carries as its caBundle. */
  constructor(url: string, ca: string) {
    this.#url = url;
    this.#agent = new Agent({ keepAlive: true, ca });
  }

  /** Ask about `object`, null for a delete. Throws where the answer is no AdmissionReview. */
  async review(
    path: "/mutate" | "/validate",
    { change, operation, oldObject }: Situation,
    object: KubernetesObject | null,
  ): Promise<ReviewResponse> {
    const { apiVersion, kind, metadata } = change.object;
    const [version = "", group = ""] = apiVersion.split("/").toReversed();
    const uid = randomUUID();
    const namespace = kind === "Namespace" ? metadata.name : metadata.namespace;
    const review = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid,
        kind: { group, version, kind },
        resource: { group, version, resource: RESOURCES[kind] },
        name: metadata.name,
        namespace,
        operation,
        userInfo: { username: change.user, groups: ["system:authenticated"] },
        object,
        oldObject,
        dryRun: false,
      },
    };
    const response = await this.send(path, review);
    if (response.uid !== uid) throw new Error(`asked ${uid}, got the answer to ${response.uid}`);
    return response;
  }

  /** Send a review as it is. */
  async send(path: "/mutate" | "/validate", review: unknown): Promise<ReviewResponse> {
    const outgoing = request(`${this.#url}${path}?timeout=5s`, {
      method: "POST",
      agent: this.#agent,
      headers: { "content-type": "application/json" },
    });
    outgoing.end(JSON.stringify(review));
    const [incoming] = responseEvent.parse(await once(outgoing, "response"));
    return reviewReply.parse(JSON.parse(await text(incoming))).response;
  }

  close(): void {
    this.#agent.destroy();
  }
}
