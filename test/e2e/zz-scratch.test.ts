import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { describeWithControlPlane } from "../support/describe-with-control-plane.ts";
import { Ringfence } from "../support/ringfence.ts";
import { createShop } from "./shop.ts";

const LOG = "/tmp/a5/user.log";
describeWithControlPlane("scratch", (plane) => {
  let ringfence: Ringfence;
  beforeAll(async () => {
    writeFileSync(LOG, "");
    await createShop(plane());
    ringfence = await Ringfence.install(plane());
  }, 120_000);
  afterAll(async () => {
    appendFileSync(LOG, `\n=== LOG\n${ringfence?.log}`);
    await ringfence?.stop();
  });
  it("user", async () => {
    const say = (t: string) => appendFileSync(LOG, t + "\n");
    const steps = readFileSync("/tmp/a5/steps.txt", "utf8").split("\n");
    for (const step of steps) {
      if (step.trim() === "" || step.startsWith("#")) continue;
      const [verb, ...rest] = step.split(" ");
      if (verb === "sleep") {
        await sleep(Number(rest[0]));
        continue;
      }
      if (verb === "apply") {
        const docs = parseAllDocuments(readFileSync(`/tmp/a5/${rest[0]}`, "utf8"), {
          version: "1.1",
        });
        for (const d of docs) {
          const object = d.toJS() as object;
          say(
            `\n$ kubectl apply ${rest.slice(1).join(" ")} -f ${rest[0]} (${(object as any).kind} ${(object as any).metadata?.name})`,
          );
          const r = await plane().kubectl(["apply", ...rest.slice(1), "-f", "-"], {
            input: object,
          });
          say(r.stdout + r.stderr + `rc=${r.code}`);
        }
        continue;
      }
      if (verb === "metrics") {
        const m = await (await fetch(`http://127.0.0.1:${ringfence.ports.metrics}/metrics`)).text();
        say(
          m
            .split("\n")
            .filter((l) => l.includes(rest[0] ?? "") && !l.startsWith("#"))
            .join("\n"),
        );
        continue;
      }
      say(`\n$ kubectl ${step}`);
      const r = await plane().kubectl(
        step.match(/'[^']*'|\S+/g)!.map((w) => w.replace(/^'|'$/g, "")),
      );
      say(r.stdout + r.stderr + `rc=${r.code}`);
    }
  }, 300_000);
});
