import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { connect as connectPlain, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, TLSSocket } from "node:tls";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import type { Admission } from "../../src/admission/handle.ts";
import { allowed } from "../../src/admission/respond.ts";
import { uidOf } from "../../src/admission/review.ts";
import { CertificateFiles } from "../../src/server/certificate.ts";
import { secureContextOf } from "../../src/server/create-server.ts";
import { drain } from "../../src/server/shutdown.ts";
import { issueCertificate } from "../support/certificates.ts";
import { createCertificates, type Served, serve } from "./serve.ts";
import { WebhookClient } from "./webhook-client.ts";

const review = JSON.stringify({ request: { uid: "u-1" } });

/** Allows everything with a uid, once `ready` is settled. */
function allowing(ready: Promise<void> = Promise.resolve()): Admission {
  const reply = (body: unknown) => {
    const uid = uidOf(body);
    return uid === null ? null : allowed(uid);
  };
  return {
    handle: async (_, body) => ready.then(() => reply(body)),
    fail: (_, body) => reply(body),
  };
}

/** What Node tells of a connection whose headers have not come in time. */
function timeoutOfHeaders(): Error {
  return Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
}

let served: Served;
afterEach(async () => served.stop());

describe("connections", () => {
  it("are kept open longer than the API server keeps them", async () => {
    served = await serve(allowing());
    expect(served.app.server.keepAliveTimeout).toBeGreaterThan(90_000);
    expect((await served.client.post("/validate", review)).connection).toBe("keep-alive");
  });

  it.each([
    ["TLS 1.3", "TLSv1.3", "TLSv1.3"],
    ["TLS 1.2", "TLSv1.2", "TLSv1.2"],
    ["not TLS 1.1", "TLSv1.1", null],
  ] as const)("are made over %s", async (_, version, expected) => {
    served = await serve(allowing());
    const socket = connect({
      port: served.port,
      host: "127.0.0.1",
      minVersion: version,
      maxVersion: version,
      rejectUnauthorized: false,
    });
    const outcome = await once(socket, "secureConnect").then(
      () => socket.getProtocol(),
      () => null,
    );
    socket.destroy();
    expect(outcome).toBe(expected);
  });

  it("speak HTTP/1.1 to a client that would rather have HTTP/2", async () => {
    served = await serve(allowing());
    const socket = connect({
      port: served.port,
      host: "127.0.0.1",
      ALPNProtocols: ["h2", "http/1.1"],
      rejectUnauthorized: false,
    });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("http/1.1");
    socket.destroy();
  });

  it("that have said nothing yet are kept as well: an API server connects ahead of need", async () => {
    served = await serve(allowing());
    const socket = connect({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
    onTestFinished(() => void socket.destroy());
    const accepted = once(served.app.server, "secureConnection");
    await once(socket, "secureConnect");
    const [there] = z.tuple([z.instanceof(TLSSocket)]).parse(await accepted);
    served.app.server.emit("clientError", timeoutOfHeaders(), there);
    expect(there).toMatchObject({ destroyed: false, timeout: 120_000 });
    const text = `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: ${review.length}\r\n\r\n${review}`;
    socket.write(text);
    const [answer] = z.tuple([z.instanceof(Buffer)]).parse(await once(socket, "data"));
    expect(answer.toString()).toMatch(/^HTTP\/1.1 200 /);
    // Not so one that has begun.
    served.app.server.emit("clientError", timeoutOfHeaders(), there);
    expect(there.destroyed).toBe(true);
  });

  it("get a renewed certificate when they are new, and stay up when they are not", async () => {
    served = await serve(allowing());
    const { folder, authority, ca } = await createCertificates();
    onTestFinished(() => rm(folder, { recursive: true }));
    const pem = await issueCertificate(authority, join(folder, "renewed"));
    const files = await CertificateFiles.open({
      certificatePath: pem.certificate,
      keyPath: pem.key,
      clientCaPath: "",
    });
    const before = await served.client.post("/validate", review);

    served.app.server.setSecureContext(secureContextOf(files.current));

    const kept = await served.client.post("/validate", review);
    const fresh = new WebhookClient(served.port, ca);
    const after = await fresh.post("/validate", review);
    fresh.close();
    expect(kept).toMatchObject({ status: 200, serial: before.serial });
    expect(after.status).toBe(200);
    expect(after.serial).not.toBe(before.serial);
    expect(await readFile(pem.certificate, "utf8")).toBe(files.current.certificate);
  });
});

describe("what no API server sends", () => {
  const length = `content-length: ${review.length}`;
  const chunked = `${review.length.toString(16)}\r\n${review}\r\n0\r\n\r\n`;
  const post = (version: string, headers: readonly string[], body = review): string =>
    [`POST /validate HTTP/${version}`, "host: x", ...headers, "", body].join("\r\n");
  it.each([
    ["HTTP/1.0", post("1.0", [length]), 200],
    ["a body in chunks", post("1.1", ["transfer-encoding: chunked"], chunked), 200],
    ["an upgrade", post("1.1", [length, "connection: upgrade", "upgrade: websocket"]), 200],
    ["a body that is said to be compressed", post("1.1", [length, "content-encoding: gzip"]), 200],
    ["HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
    ["two lengths of one body", post("1.1", [length, "transfer-encoding: chunked"], chunked), 400],
    ["a length that is none", post("1.1", ["content-length: -1"]), 400],
    ["another expectation", post("1.1", [length, "expect: more"]), 417],
    ["headers without end", post("1.1", [length, `a: ${"x".repeat(20_000)}`]), 431],
  ])("has an answer: %s", async (_, text, status) => {
    served = await serve(allowing());
    const socket = connect({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.write(text);
    const [answer] = z.tuple([z.instanceof(Buffer)]).parse(await once(socket, "data"));
    socket.destroy();
    expect(answer.toString()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await served.client.post("/validate", review)).status).toBe(200);
  });
});

describe("many at once", () => {
  it("are closed without an answer, and not read, where they are requests of one connection", async () => {
    const admission = allowing();
    let judged = 0;
    served = await serve({
      ...admission,
      handle: async (endpoint, body, deadline) => {
        judged += 1;
        return admission.handle(endpoint, body, deadline);
      },
    });
    let parsed = 0;
    served.app.server.on("request", () => {
      parsed += 1;
    });
    const socket = connect({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
    socket.on("error", () => undefined);
    const one = `POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: ${review.length}\r\n\r\n${review}`;
    socket.write(one.repeat(1_000));
    await new Promise((resolve) => socket.once("close", resolve));
    expect(judged).toBeLessThanOrEqual(1);
    expect(parsed).toBe(2);
    expect((await served.client.post("/validate", review)).status).toBe(200);
  });

  it("are no more connections than the memory has room for, and none that says nothing for long", async () => {
    served = await serve(allowing());
    expect(served.app.server).toMatchObject({ maxConnections: 1_100, headersTimeout: 10_000 });
  });

  it.each<[string, (port: number) => Socket]>([
    ["say nothing", (port) => connectPlain({ port, host: "127.0.0.1" })],
    ["are encrypted", (port) => connect({ port, host: "127.0.0.1", rejectUnauthorized: false })],
    [
      "ask for something and do not go on",
      (port) => {
        const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
        socket.write("POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 7000\r\n\r\n{");
        return socket;
      },
    ],
  ])("make room for the API server's, where somebody holds them all that %s", async (_, open) => {
    served = await serve(allowing());
    const { port, client, ca } = served;
    await client.post("/validate", review);
    let inUse = 0;
    served.app.server.on("connection", (socket: Socket) => {
      inUse += 1;
      socket.once("close", () => {
        inUse -= 1;
      });
    });
    const held = Array.from({ length: 1_200 }, () => open(port).on("error", () => undefined));
    await vi.waitFor(() => expect(inUse).toBe(1_000), 20_000);
    const another = new WebhookClient(port, ca);
    expect((await another.post("/validate", review)).status).toBe(200);
    expect((await client.post("/validate", review)).status).toBe(200);
    // Those that made room are gone a moment later; others may have been closed for their silence by now.
    await vi.waitFor(() => expect(inUse).toBeLessThanOrEqual(1_000));
    another.close();
    client.close();
    for (const socket of held) socket.destroy();
    await vi.waitFor(() => expect(inUse).toBe(0), 20_000);
  });

  it("wait, while others' large bodies are being judged, and small ones do not", async () => {
    const judging = Promise.withResolvers<void>();
    const slow = allowing(judging.promise);
    const quick = allowing();
    served = await serve({
      ...slow,
      handle: async (endpoint, body, deadline) =>
        (uidOf(body) === "slow" ? slow : quick).handle(endpoint, body, deadline),
    });
    const { client } = served;
    const large = (uid: string): string =>
      JSON.stringify({ request: { uid }, padding: "x".repeat(6 * 1024 * 1024) });
    const held = [1, 2].map(async () => client.post("/validate", large("slow")));
    const waiting = client.post("/validate", large("quick"));
    const late = await client.post("/validate?timeout=200ms", large("quick"));
    expect(late).toMatchObject({ status: 503, connection: "close" });
    expect(JSON.parse(late.body)).toEqual({ message: "too much is being judged at the moment" });
    expect((await client.post("/validate", review)).status).toBe(200);
    judging.resolve();
    for (const { status } of await Promise.all([...held, waiting])) expect(status).toBe(200);
  });

  it("are answered after clients with large bodies have gone, waiting or not", async () => {
    const judging = Promise.withResolvers<void>();
    served = await serve(allowing(judging.promise));
    const { client, port } = served;
    const beginAndGo = async (): Promise<void> => {
      const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
      // Not destroyed: what has been written is to arrive, and only then the end.
      socket.end("POST /validate HTTP/1.1\r\nhost: x\r\ncontent-length: 7000000\r\n\r\n{").resume();
      await once(socket, "close");
    };
    const large = JSON.stringify({
      request: { uid: "u" },
      padding: "x".repeat(6 * 1024 * 1024),
    });
    // Two at most have room at once.
    await beginAndGo();
    await beginAndGo();
    await beginAndGo();
    const held = [1, 2].map(async () => client.post("/validate", large));
    await vi.waitFor(async () => {
      expect((await client.post("/validate?timeout=100ms", large)).status).toBe(503);
    });
    await Promise.all([beginAndGo(), beginAndGo(), beginAndGo()]);
    judging.resolve();
    for (const { status } of await Promise.all(held)) expect(status).toBe(200);
    expect((await client.post("/validate", large)).status).toBe(200);
  });
});

describe("a client", () => {
  it.each([
    ["of the authority is answered", "own", 200],
    ["of another authority is not", "other", null],
    ["without a certificate is not", "none", null],
  ] as const)("%s, where one is given", async (_, which, status) => {
    const [own, other] = [await createCertificates(), await createCertificates()];
    onTestFinished(async () => {
      await rm(own.folder, { recursive: true });
      await rm(other.folder, { recursive: true });
    });
    served = await serve(allowing(), { clientCaPath: own.authority.certificate });
    const { authority, folder } = which === "other" ? other : own;
    const pem = await issueCertificate(authority, join(folder, "client"));
    const identity = {
      cert: await readFile(pem.certificate, "utf8"),
      key: await readFile(pem.key, "utf8"),
    };
    const client = new WebhookClient(served.port, served.ca, which === "none" ? {} : identity);
    const answer = client.post("/validate", review);
    if (status === null) await expect(answer).rejects.toThrow(/alert|ECONNRESET|socket hang up/);
    else expect(await answer).toMatchObject({ status });
    client.close();
  });
});

describe("drain", () => {
  it("answers what is running, asks the client to leave, and is over at once", async () => {
    let draining = false;
    const gate = Promise.withResolvers<void>();
    served = await serve(allowing(gate.promise), { isDraining: () => draining });
    const running = served.client.post("/validate", review);
    await once(served.app.server, "request");

    draining = true;
    const started = Date.now();
    const drained = drain(served.app, 20_000);
    gate.resolve();

    expect(await running).toMatchObject({ status: 200, connection: "close" });
    await drained;
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it("still answers requests that come over an open connection", async () => {
    let draining = false;
    const gate = Promise.withResolvers<void>();
    served = await serve(allowing(gate.promise), { isDraining: () => draining });
    const first = served.client.post("/validate", review);
    await once(served.app.server, "request");
    const second = served.client.post("/validate", review);
    await once(served.app.server, "request");
    draining = true;
    const drained = drain(served.app, 20_000);
    gate.resolve();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    await drained;
  });

  it("answers what an API server sends on a connection that has been idle, and asks it to leave", async () => {
    let draining = false;
    served = await serve(allowing(), { isDraining: () => draining });
    await served.client.post("/validate", review);
    draining = true;
    const drained = drain(served.app, 20_000);
    await sleep(500);
    expect(await served.client.post("/validate", review)).toMatchObject({
      status: 200,
      connection: "close",
    });
    await drained;
  });

  it("does not wait for a connection that nobody has used", async () => {
    served = await serve(allowing());
    const socket = connect({ port: served.port, host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const started = performance.now();
    await drain(served.app, 20_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("cuts off what does not end", async () => {
    served = await serve(allowing(new Promise(() => undefined)), { isDraining: () => true });
    const hanging = served.client.post("/validate", review).then(
      () => "answered",
      () => "cut",
    );
    await once(served.app.server, "request");
    await drain(served.app, 100);
    expect(await hanging).toBe("cut");
  });
});

describe("a defect in a decision", () => {
  const failing: Admission = {
    handle: async () => {
      throw new Error("secret detail");
    },
    fail: (_, body) => allowing().fail("validate", body, null) ?? null,
  };

  it("is answered by an AdmissionReview where there is a uid", async () => {
    served = await serve(failing);
    const reply = await served.client.post("/validate", review);
    expect(reply.status).toBe(200);
    expect(JSON.parse(reply.body)).toMatchObject({ response: { uid: "u-1" } });
  });

  it("is a 500 that gives nothing away where there is none", async () => {
    served = await serve({ ...failing, fail: () => null });
    const reply = await served.client.post("/validate", review);
    expect(reply).toMatchObject({ status: 500, body: '{"message":"Ringfence failed"}' });
  });
});

it("has no other paths", async () => {
  served = await serve(allowing());
  expect((await served.client.post("/elsewhere", review)).status).toBe(404);
});
