import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"] as const;

/** A certificate and its key, PEM files. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Create a certificate authority for one test run, in `folder`. */
export async function createAuthority(folder: string): Promise<CertificateFiles> {
  await mkdir(folder, { recursive: true });
  const files = { certificate: join(folder, "ca.crt"), key: join(folder, "ca.key") };
  const subject = ["-subj", "/CN=ringfence-test-ca", "-days", "30"];
  const target = ["-keyout", files.key, "-out", files.certificate];
  await run("openssl", ["req", "-x509", ...newKey, ...subject, ...target]);
  return files;
}

/**
 * Issue a serving certificate for the loopback address as `tls.crt` and `tls.key`, the names of a TLS Secret;
 * valid from now on.
 */
export async function issueCertificate(
  authority: CertificateFiles,
  folder: string,
  days = 30,
): Promise<CertificateFiles> {
  await mkdir(folder, { recursive: true });
  const files = { certificate: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  const request = join(folder, "request.pem");
  const extensions = join(folder, "extensions.cnf");
  await writeFile(
    extensions,
    "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:kubernetes.default.svc\n",
  );
  const subject = ["-subj", "/CN=127.0.0.1"];
  await run("openssl", ["req", ...newKey, ...subject, "-keyout", files.key, "-out", request]);
  const signer = ["-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"];
  const target = ["-days", String(days), "-extfile", extensions, "-out", files.certificate];
  await run("openssl", ["x509", "-req", "-in", request, ...signer, ...target]);
  return files;
}
