import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApiClient } from "../../src/cluster/api-client.ts";
import { LoneWork } from "../../src/cluster/lone-work.ts";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { eventually } from "./eventually.ts";

let log: string[] = [];
beforeEach(() => {
  log = [];
});

function worker(name: string): { start(): void; stop(): Promise<void> } {
  return {
    start: () => void log.push(`+${name}`),
    stop: async () => void log.push(`-${name}`),
  };
}

function loneWork(client: ApiClient, leaderElection: boolean): LoneWork {
  return new LoneWork({
    workers: [worker("a"), worker("b")],
    leaderElection,
    client,
    namespace: "default",
    name: "lone-work",
    identity: "me",
    observe: ({ kind }) => void log.push(kind),
  });
}

describe("without leader election", () => {
  it("works from start to stop, and asks for no lease", async () => {
    // A client that would fail, and be told of, if it were asked.
    const work = loneWork(new ApiClient({ kubeconfig: "/nowhere" }), false);
    expect(log).toEqual([]);
    work.start();
    expect(log).toEqual(["+a", "+b"]);
    await work.stop();
    expect(log).toEqual(["+a", "+b", "-a", "-b"]);
  });
});

describeWithControlPlane("with leader election", (plane) => {
  let client: ApiClient;
  beforeEach(() => {
    client = new ApiClient({ kubeconfig: plane().adminKubeconfig });
  });
  afterEach(() => client.close());

  it("works from when it holds the lease until it is stopped", async () => {
    const work = loneWork(client, true);
    work.start();
    expect(log).toEqual([]);
    await eventually(() => expect(log).toEqual(["leadership", "+a", "+b"]));
    await work.stop();
    expect(log.slice(3)).toEqual(expect.arrayContaining(["leadership", "-a", "-b"]));
  });
});
