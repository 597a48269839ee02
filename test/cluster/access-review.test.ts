import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RequestUser } from "../../src/admission/review.ts";
import { AccessReview } from "../../src/cluster/access-review.ts";
import { ApiClient, type ApiRequest } from "../../src/cluster/api-client.ts";
import type { ClusterNotice } from "../../src/cluster/notice.ts";
import { field } from "../../src/wire/shape.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { FaultyProxy } from "../support/faulty-proxy.ts";
import { eventually } from "./eventually.ts";

const never = new AbortController().signal;

describeWithControlPlane("access review", (plane) => {
  let proxy: FaultyProxy;
  let client: ApiClient;
  let notices: ClusterNotice[] = [];

  beforeAll(async () => {
    proxy = await FaultyProxy.start(plane());
    client = new ApiClient({ kubeconfig: await plane().kubeconfig({ server: proxy.url }) });
    await plane().create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      metadata: { name: "optout" },
      rules: [{ apiGroups: ["ringfence.dev"], resources: ["profiles"], verbs: ["optout"] }],
    });
    await plane().create("/apis/rbac.authorization.k8s.io/v1/clusterroles", {
      metadata: { name: "optout-baseline" },
      rules: [
        {
          apiGroups: ["ringfence.dev"],
          resources: ["profiles"],
          resourceNames: ["baseline"],
          verbs: ["optout"],
        },
      ],
    });
    await bind("optout", [
      { kind: "User", name: "alice" },
      { kind: "Group", name: "platform" },
    ]);
    await bind("optout-baseline", [{ kind: "User", name: "carol" }]);
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
  });

  async function bind(role: string, subjects: readonly object[]): Promise<void> {
    const apiGroup = "rbac.authorization.k8s.io";
    await plane().create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
      metadata: { name: role },
      roleRef: { apiGroup, kind: "ClusterRole", name: role },
      subjects: subjects.map((subject) => ({ ...subject, apiGroup })),
    });
  }
  function review(cacheMs: number, timeoutMs = 5000): AccessReview {
    notices = [];
    return new AccessReview({
      client,
      observe: (notice) => void notices.push(notice),
      timeoutMs,
      cacheMs,
    });
  }
  const reviews = (): number =>
    proxy.requests.filter(({ path }) => path.includes("subjectaccessreviews")).length;

  it.each([
    { name: "a user with the right", subject: user("alice"), profile: "restricted", allowed: true },
    { name: "anybody else", subject: user("bob"), profile: "restricted", allowed: false },
    {
      name: "a member of a group with the right",
      subject: { ...user("bob", ["platform"]), extra: { "example.org/scopes": ["a"] } },
      profile: "restricted",
      allowed: true,
    },
    {
      name: "a right for this profile",
      subject: user("carol"),
      profile: "baseline",
      allowed: true,
    },
    {
      name: "a right for another profile",
      subject: user("carol"),
      profile: "restricted",
      allowed: false,
    },
  ])("asks RBAC about $name", async ({ subject, profile, allowed }) => {
    // The API server's authorizer hears of new bindings a moment after they are stored.
    await eventually(async () => {
      const answer = await review(0).mayOptOut(subject, profile, never);
      expect(answer).toEqual({ ok: true, value: allowed });
    });
  });

  it("tells the API server all that it is told of the subject", async () => {
    const sent: ApiRequest[] = [];
    class Observed extends ApiClient {
      override async send(request: ApiRequest): Promise<unknown> {
        sent.push(request);
        return super.send(request);
      }
    }
    const observed = new Observed({ kubeconfig: plane().adminKubeconfig });
    const subject = { username: "alice", uid: "1", groups: ["a"], extra: { "b/c": ["d"] } };
    const asked = new AccessReview({ client: observed, observe: () => undefined });
    await asked.mayOptOut(subject, "restricted", never);
    const { username, ...others } = subject;
    expect(sent.map(({ body }) => field(body, "spec"))).toEqual([
      {
        user: username,
        ...others,
        resourceAttributes: {
          group: "ringfence.dev",
          version: "v1alpha1",
          resource: "profiles",
          verb: "optout",
          name: "restricted",
        },
      },
    ]);
    observed.close();
  });

  it("remembers an answer for a moment, for the same subject alone", async () => {
    const cached = review(60_000);
    const before = reviews();
    await cached.mayOptOut(user("alice"), "restricted", never);
    await cached.mayOptOut(user("alice"), "restricted", never);
    expect(reviews() - before).toBe(1);
    const others: readonly RequestUser[] = [
      user("bob"),
      user("alice", ["x"]),
      { ...user("alice"), uid: "1" },
      { ...user("alice"), extra: { "example.org/scopes": ["a"] } },
    ];
    for (const other of others) await cached.mayOptOut(other, "restricted", never);
    await cached.mayOptOut(user("alice"), "baseline", never);
    expect(reviews() - before).toBe(6);
  });

  it("remembers a thousand answers, and gives up the oldest for another", async () => {
    let sent = 0;
    class Yes extends ApiClient {
      override send(): Promise<unknown> {
        sent += 1;
        return Promise.resolve({ status: { allowed: true } });
      }
    }
    const yes = new Yes({ kubeconfig: plane().adminKubeconfig });
    const cached = new AccessReview({ client: yes, observe: () => undefined, cacheMs: 60_000 });
    const ask = async (name: string): Promise<void> =>
      void (await cached.mayOptOut(user(name), "restricted", never));
    const names = Array.from({ length: 1001 }, (_, index) => `user-${index}`);
    for (const name of names) await ask(name);
    expect(sent).toBe(1001);
    for (const name of names.slice(1)) await ask(name);
    expect(sent).toBe(1001);
    await ask("user-0");
    expect(sent).toBe(1002);
    yes.close();
  });

  it("asks again when the moment is over, for a right may have been taken away", async () => {
    const cached = review(50);
    const before = reviews();
    await cached.mayOptOut(user("alice"), "restricted", never);
    await sleep(60);
    await cached.mayOptOut(user("alice"), "restricted", never);
    expect(reviews() - before).toBe(2);
  });

  it.each([
    { fault: { kind: "silence" }, message: /no answer in time/ },
    { fault: { kind: "drop" }, message: /socket hang up/ },
    { fault: { kind: "status", status: 500 }, message: /500/ },
    { fault: { kind: "status", status: 201 }, message: /carries no answer/ },
  ] as const)(
    "gives a problem, no yes, after $fault.kind, and asks again",
    async ({ fault, message }) => {
      const asked = review(60_000, 500);
      proxy.inject(fault, ({ path }) => path.includes("subjectaccessreviews"), 1);
      expect(await asked.mayOptOut(user("alice"), "restricted", never)).toEqual({
        ok: false,
        error: {
          code: "NP_E_API_SERVER",
          path: "",
          message: expect.stringMatching(message) as unknown,
        },
      });
      expect(notices).toContainEqual(expect.objectContaining({ kind: "access-review-failed" }));
      expect(await asked.mayOptOut(user("alice"), "restricted", never)).toEqual({
        ok: true,
        value: true,
      });
    },
  );

  it("gives a problem that names the right that Ringfence itself lacks", async () => {
    const kubeconfig = await plane().kubeconfig({ user: { name: "nobody" } });
    const limited = new ApiClient({ kubeconfig });
    const asked = new AccessReview({ client: limited, observe: () => undefined });
    expect(await asked.mayOptOut(user("alice"), "restricted", never)).toMatchObject({
      ok: false,
      error: {
        code: "NP_E_FORBIDDEN",
        message: expect.stringMatching(/^cannot create subjectaccessreviews.*: 403/) as unknown,
      },
    });
    limited.close();
  });
});

function user(username: string, groups: readonly string[] = []): RequestUser {
  return { username, uid: "", groups, extra: undefined };
}
