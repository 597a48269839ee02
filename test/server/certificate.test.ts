import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Problem } from "../../src/errors.ts";
import {
  CertificateFiles,
  type CertificatePair,
  type CertificatePaths,
} from "../../src/server/certificate.ts";
import { issueCertificate, type CertificateFiles as Pem } from "../support/certificates.ts";
import { createCertificates } from "./serve.ts";

const SOON = { timeout: 5000, interval: 10 };

let root: string;
let authority: Pem;
let mount: string;
let mounts = 0;

beforeAll(async () => {
  ({ folder: root, authority } = await createCertificates());
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(() => {
  mounts += 1;
  mount = join(root, `mount-${mounts}`);
});

/** A new certificate, put into the mounted folder as a kubelet does: a symlink is swapped. */
async function renew(version: string, days = 30): Promise<CertificatePaths> {
  await issueCertificate(authority, join(mount, version), days);
  await symlink(version, join(mount, "..data_tmp"));
  await rename(join(mount, "..data_tmp"), join(mount, "..data"));
  for (const file of ["tls.crt", "tls.key"]) {
    await symlink(join("..data", file), join(mount, file)).catch(() => undefined);
  }
  return pathsIn(mount);
}

function pathsIn(folder: string): CertificatePaths {
  return {
    certificatePath: join(folder, "tls.crt"),
    keyPath: join(folder, "tls.key"),
    clientCaPath: "",
  };
}

function follow(
  files: CertificateFiles,
  pollMs?: number,
): { readonly replaced: CertificatePair[]; readonly refused: Problem[] } {
  const seen = { replaced: [] as CertificatePair[], refused: [] as Problem[] };
  files.follow(
    { replaced: (pair) => seen.replaced.push(pair), refused: (why) => seen.refused.push(why) },
    pollMs,
  );
  return seen;
}

it("reads a pair and when it expires", async () => {
  const { current } = await CertificateFiles.open(await renew("first"));
  const days = (current.notAfter.getTime() - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29);
  expect(days).toBeLessThan(31);
});

it("gives the new pair after every Secret-style symlink swap", async () => {
  const files = await CertificateFiles.open(await renew("first"));
  const seen = follow(files, 60_000);
  for (const version of ["second", "third"]) {
    const before = files.current.certificate;
    // oxlint-disable-next-line no-await-in-loop -- one renewal after the other
    await renew(version);
    // oxlint-disable-next-line no-await-in-loop
    await vi.waitFor(() => expect(files.current.certificate).not.toBe(before), SOON);
  }
  expect(seen.replaced.at(-1)).toBe(files.current);
  files.stop();
});

it("finds a new pair by polling where no event comes", async () => {
  const files = await CertificateFiles.open(await renew("first"));
  const before = files.current.certificate;
  await rm(mount, { recursive: true });
  await renew("second");
  const seen = follow(files, 20);
  await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
  expect(files.current.certificate).not.toBe(before);
  files.stop();
});

it("goes on, and polls, where the folder cannot be watched", async () => {
  const files = await CertificateFiles.open(await renew("first"));
  await rm(mount, { recursive: true });
  const seen = follow(files, 20);
  await vi.waitFor(() => expect(seen.refused).toHaveLength(1), SOON);
  await renew("second");
  await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
  files.stop();
});

it("keeps the pair it has while the new one does not belong together, and says so once", async () => {
  const paths = await renew("first");
  const files = await CertificateFiles.open(paths);
  const seen = follow(files, 20);
  const { current } = files;
  const other = await issueCertificate(authority, join(root, `other-${mounts}`));
  await copyFile(other.key, join(mount, "first", "tls.key"));
  await vi.waitFor(() => expect(seen.refused).toHaveLength(1), SOON);
  await sleep(100);
  expect(seen.refused).toEqual([
    expect.objectContaining({ code: "NP_E_CERTIFICATE", path: paths.certificatePath }),
  ]);
  expect(files.current).toBe(current);
  expect(files.problem).toEqual(seen.refused[0]);
  await copyFile(other.certificate, join(mount, "first", "tls.crt"));
  await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
  expect(files.problem).toBe(null);
  files.stop();
});

describe("the authorities of clients", () => {
  it("are read with the pair, and followed", async () => {
    const paths = await renew("first");
    const clientCaPath = join(mount, "client-ca.crt");
    await copyFile(authority.certificate, clientCaPath);
    const files = await CertificateFiles.open({ ...paths, clientCaPath });
    expect(files.current.clientCa).toBe(await readFile(authority.certificate, "utf8"));
    const seen = follow(files, 20);
    const other = await createCertificates();
    await copyFile(other.authority.certificate, clientCaPath);
    await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
    expect(files.current.clientCa).toBe(other.ca);
    await writeFile(clientCaPath, "");
    await vi.waitFor(() => expect(seen.refused).toHaveLength(1), SOON);
    expect(files.current.clientCa).toBe(other.ca);
    files.stop();
    await rm(other.folder, { recursive: true });
  });

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ["are not there", async () => undefined, /ENOENT/],
    ["are no certificate", (path) => writeFile(path, "oops"), /PEM/],
    [
      "are a client's own certificate",
      async (path) => {
        const { certificate } = await issueCertificate(authority, join(root, `own-${mounts}`));
        await copyFile(certificate, path);
      },
      /not an authority's/,
    ],
  ])("keep the process from starting where they %s", async (_, prepare, message) => {
    const paths = await renew("first");
    const clientCaPath = join(mount, "client-ca.crt");
    await prepare(clientCaPath);
    const opened = CertificateFiles.open({ ...paths, clientCaPath });
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(clientCaPath);
  });
});

describe("a renewed certificate that is not valid", () => {
  /** What was said of that; in the middle of a swap the two files may not fit together either. */
  const invalid = ({ refused }: { readonly refused: readonly Problem[] }): readonly Problem[] =>
    refused.filter(({ message }) => message.startsWith("the certificate "));

  const DAY_MS = 86_400_000;

  it("leaves the valid one in use while it has expired, says so once, and the next good one is taken", async () => {
    const paths = await renew("first");
    const files = await CertificateFiles.open(paths, () => Date.now() + 2 * DAY_MS);
    const { current } = files;
    const seen = follow(files, 20);
    await renew("expired", 1);
    await vi.waitFor(() => expect(invalid(seen)).toHaveLength(1), SOON);
    await sleep(100);
    expect(invalid(seen)).toEqual([
      {
        code: "NP_E_CERTIFICATE",
        path: paths.certificatePath,
        message: expect.stringMatching(/^the certificate expired at \d{4}-.*Z$/) as unknown,
      },
    ]);
    expect(files.current).toBe(current);
    await renew("third");
    await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
    expect(files.current).not.toBe(current);
    files.stop();
  });

  it("is taken as soon as its time has come", async () => {
    let now = 0;
    const paths = await renew("first");
    const files = await CertificateFiles.open(paths, () => now);
    now = files.current.notBefore.getTime();
    const seen = follow(files, 20);
    // The times in a certificate are whole seconds.
    await sleep(1100);
    await renew("early");
    await vi.waitFor(() => expect(invalid(seen)).toHaveLength(1), SOON);
    expect(invalid(seen)[0]?.message).toMatch(/^the certificate is not valid before \d{4}-.*Z$/);
    expect(seen.replaced).toEqual([]);
    now = Date.now();
    await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
    files.stop();
  });

  it("is taken where the one in use is no better, and called what it is", async () => {
    const files = await CertificateFiles.open(await renew("first"), () => Date.now() + 60 * DAY_MS);
    const seen = follow(files, 20);
    await renew("second");
    await vi.waitFor(() => expect(seen.replaced).toHaveLength(1), SOON);
    expect(invalid(seen).at(-1)?.message).toMatch(/^the certificate expired at /);
    files.stop();
  });
});

it("says once that the certificate in use has expired", async () => {
  let now = 0;
  const files = await CertificateFiles.open(await renew("first"), () => now);
  now = files.current.notBefore.getTime();
  const seen = follow(files, 20);
  await sleep(100);
  expect(seen.refused).toEqual([]);
  now = files.current.notAfter.getTime() + 1;
  await vi.waitFor(() => expect(seen.refused).toHaveLength(1), SOON);
  await sleep(100);
  expect(seen.refused).toEqual([files.problem]);
  expect(files.problem?.message).toMatch(/^the certificate expired at /);
  expect(seen.replaced).toEqual([]);
  files.stop();
});

const UNUSABLE: readonly (readonly [string, (folder: string) => Promise<unknown>, string])[] = [
  ["missing", async () => undefined, "tls.crt: ENOENT"],
  ["no PEM", (folder) => write(folder, "not a certificate", "not a key"), "tls.crt: "],
  [
    "without its key",
    async (folder) => {
      const { certificate } = await issueCertificate(authority, join(folder, "issued"));
      await write(folder, await readFile(certificate, "utf8"), "not a key");
    },
    "tls.key: ",
  ],
];

it.each(UNUSABLE)("does not start with a certificate that is %s", async (_, prepare, message) => {
  await prepare(mount);
  const opened = CertificateFiles.open(pathsIn(mount));
  await expect(opened).rejects.toMatchObject({ code: "NP_E_CERTIFICATE" });
  await expect(opened).rejects.toThrow(message);
});

async function write(folder: string, certificate: string, key: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "tls.crt"), certificate);
  await writeFile(join(folder, "tls.key"), key);
}
