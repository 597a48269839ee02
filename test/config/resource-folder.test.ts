import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { ResourceFolder, readResources } from "../../src/config/resource-folder.ts";
import type { Problem } from "../../src/errors.ts";
import { resourceDocument } from "../support/documents.ts";
import { complaints } from "../wire/describe-policy.ts";

const document = (name: string, rules = "[]") => `apiVersion: ringfence.dev/v1alpha1
kind: Profile
metadata:
  name: ${name}
spec:
  rules: ${rules}
`;

const running: ResourceFolder[] = [];
afterEach(() => running.splice(0).forEach((folder) => folder.stop()));

/** A running folder, and what it has told: names of profiles, and problems as text. */
async function started(folder: string, refuse: (names: string) => readonly Problem[] = () => []) {
  const told = { profiles: [] as string[], problems: [] as string[] };
  const profiles = new ResourceFolder({
    folder,
    pollMs: 5,
    receive: (received) => {
      const names = received.map(({ name }) => name).join(" ");
      const problems = refuse(names);
      if (problems.length === 0) told.profiles.push(names);
      return problems;
    },
    report: (problems) => {
      told.problems.push(problems.map(({ path, message }) => `${path}: ${message}`).join("\n"));
    },
  });
  running.push(profiles);
  await profiles.start();
  return told;
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ringfence-profiles-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** As a kubelet does: a new folder beside the old, and one rename of the symlink to it. */
async function mount(folder: string, version: string, text: string): Promise<void> {
  await mkdir(join(folder, version));
  await writeFile(join(folder, version, "profile.yaml"), text);
  await symlink(version, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

describe("a folder of resources", () => {
  it("that is not there holds none", async () => {
    const told = await started("/nowhere/profiles");
    expect(told).toEqual({ profiles: [""], problems: [""] });
  });

  it("is a problem where it cannot be read", async () => {
    const folder = await newFolder();
    await mkdir(join(folder, "a.yaml"));
    const told = await started(folder);
    expect(told.profiles).toEqual([]);
    expect(told.problems[0]).toMatch(/cannot be read: EISDIR/);
  });

  it("is read in the order of its files; others than documents are not looked at", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "b.yml"), `${document("third")}---\n${document("fourth")}`);
    await writeFile(join(folder, "a.yaml"), document("first"));
    await writeFile(
      join(folder, "a1.json"),
      JSON.stringify(resourceDocument("Profile", "second", { rules: [] })),
    );
    await writeFile(join(folder, "README.md"), "no: [yaml");
    await writeFile(join(folder, ".a.yaml.swp"), "no: [yaml");
    expect((await started(folder)).profiles).toEqual(["first second third fourth"]);
  });

  it("is read again after a Secret-style symlink swap", async () => {
    const folder = await newFolder();
    await mount(folder, "..v1", document("before"));
    await symlink(join("..data", "profile.yaml"), join(folder, "profile.yaml"));
    const told = await started(folder);
    await mount(folder, "..v2", document("after"));
    await vi.waitFor(() => expect(told.profiles).toEqual(["before", "after"]));
  });

  it("keeps the last good profiles in force, and tells when all is well again", async () => {
    const folder = await newFolder();
    const file = join(folder, "a.yaml");
    await writeFile(file, document("good"));
    const told = await started(folder);
    await replace(file, document("bad", "nothing"));
    await vi.waitFor(() => expect(told.problems).toHaveLength(2));
    await replace(file, document("good"));
    await vi.waitFor(() => expect(told.problems).toHaveLength(3));
    expect(told.profiles).toEqual(["good", "good"]);
    expect(told.problems).toEqual(["", `${file}:6 spec.rules: \`nothing\` is not a list`, ""]);
  });

  it("tells what the receiver refuses, once", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "a.yaml"), document("odd"));
    const problem: Problem = { code: "NP_E_RESOURCE", path: "rules[0].id", message: "is no rule" };
    const told = await started(folder, () => [problem]);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told).toEqual({ profiles: [], problems: ["rules[0].id: is no rule"] });
  });

  it("asks again for what was refused, until it is taken", async () => {
    const folder = await newFolder();
    await writeFile(join(folder, "a.yaml"), document("early"));
    const problem: Problem = { code: "NP_E_RESOURCE", path: "spec.extends", message: "not there" };
    let isThere = false;
    const told = await started(folder, () => (isThere ? [] : [problem]));
    expect(told).toEqual({ profiles: [], problems: ["spec.extends: not there"] });
    isThere = true;
    await vi.waitFor(() => expect(told.problems).toHaveLength(2));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told).toEqual({ profiles: ["early"], problems: ["spec.extends: not there", ""] });
  });

  it("is not looked at any more once it is stopped", async () => {
    const folder = await newFolder();
    const told = await started(folder);
    running.splice(0).forEach((profiles) => profiles.stop());
    await writeFile(join(folder, "a.yaml"), document("late"));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(told.profiles).toEqual([""]);
  });
});

it("names file, line and field of everything that is wrong", () => {
  const read = readResources([
    { path: "a.yaml", text: document("one") },
    { path: "b.yaml", text: `${document("one")}---\nkind: Profile\n` },
    { path: "c.yaml", text: "a: b: c" },
  ]);
  expect(complaints(read)).toEqual([
    "b.yaml:4 metadata.name: a second `Profile one`",
    "b.yaml:8 apiVersion: is missing; expected `ringfence.dev/v1alpha1`",
    "c.yaml:1: Nested mappings are not allowed in compact mappings",
  ]);
});
