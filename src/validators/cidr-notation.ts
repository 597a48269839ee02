import { z } from "zod";
import {
  familyOf,
  formatAddress,
  formatRange,
  parseAddress,
  parseCidr,
} from "../engine/address.ts";
import { type AddressRange, POLICY_KINDS } from "../engine/model.ts";
import { replaceAt } from "../rules/json-patch.ts";
import { defineValidator, type Finding } from "../rules/rule.ts";
import { field } from "../wire/shape.ts";

/** Report address blocks that are not written as the network that they mean. */
export const cidrNotation = defineValidator({
  id: "cidr-notation",
  title: "An address block that is not written as its network",
  why: "`10.0.0.5/8` means all of `10.0.0.0/8`, although it reads like one host, and some network plugins refuse it. Numbers with leading zeros are read as decimal here and as octal elsewhere. Newer API servers accept neither.",
  fix: "Write the network's own address, or a prefix length of 32 (IPv6: 128) to mean one host.",
  kinds: POLICY_KINDS,
  operations: ["CREATE", "UPDATE"],
  shipped: { baseline: "Warn", restricted: "Warn" },
  onFault: "warn",
  since: "0.1.0",
  parameters: z.strictObject({}),
  check({ placedRules }): readonly Finding[] {
    return placedRules
      .flatMap(({ blocks }) => blocks)
      .flatMap(({ path, raw }) => cidrsIn(raw, path))
      .flatMap(({ path, text }) => judge(path, text));
  },
});

interface WrittenCidr {
  readonly path: string;
  readonly text: string;
}

/** The CIDRs of an `ipBlock` and its exceptions, or the one CIDR of a network. */
function cidrsIn(raw: unknown, path: string): readonly WrittenCidr[] {
  if (typeof raw === "string") return [{ path, text: raw }];
  const except = field(raw, "except");
  return [
    { path: `${path}.cidr`, text: String(field(raw, "cidr")) },
    ...(Array.isArray(except) ? except : []).map((text: unknown, index) => {
      return { path: `${path}.except[${index}]`, text: String(text) };
    }),
  ];
}

function judge(path: string, text: string): readonly Finding[] {
  const range = parseCidr(text);
  const [written = ""] = text.split("/");
  const address = parseAddress(written);
  if (range === null || address === null) return [];
  const message =
    address === range.first
      ? otherSpelling(text, written, range)
      : `\`${text}\` has bits beyond its prefix and means all of \`${formatRange(range)}\``;
  if (message === null) return [];
  const network = formatRange(range);
  const help = `write \`${network}\``;
  return [{ path, message, help, fix: { title: help, patch: [replaceAt(path, network)] } }];
}

/** IPv6 has many spellings, which all read alike; IPv4 with leading zeros, or inside IPv6, does not. */
function otherSpelling(text: string, written: string, range: AddressRange): string | null {
  if (familyOf(range.first) === 6 || written === formatAddress(range.first)) return null;
  return written.includes(":")
    ? `\`${text}\` is the IPv4 network \`${formatRange(range)}\``
    : `\`${text}\` is read as \`${formatRange(range)}\`; some programs take leading zeros for octal`;
}
