import { describe, expect, it } from "vitest";
import { NAMED_FORMATS } from "../../src/cel/named-format.ts";
import { parseRequestUri } from "../../src/cel/request-uri.ts";
import { evaluate } from "./evaluate.ts";

const LABEL_63 = "a".repeat(63);

/** By format: what is right, and what is not. */
const SAMPLES: Readonly<Record<string, readonly [readonly string[], readonly string[]]>> = {
  dns1123Label: [
    ["a", "1", "my-label-name", "a--b", LABEL_63],
    ["", "-a", "a-", "A", "a.b", "a b", "é", "a\n", `${LABEL_63}a`],
  ],
  dns1123Subdomain: [
    ["a", "apiextensions.k8s.io", "1.2.3", `${"a.".repeat(126)}a`, "a".repeat(253)],
    ["", ".", "a..b", ".a", "a.", "a.-b", "a_b", "a".repeat(254)],
  ],
  dns1035Label: [
    ["a", "a-1", LABEL_63],
    ["", "1a", "-a", "a-", "a.b", `${LABEL_63}a`],
  ],
  qualifiedName: [
    ["a", "My.Name_1", "apiextensions.k8s.io/v1beta1", LABEL_63, `${"a".repeat(253)}/${LABEL_63}`],
    ["", "/", "a/", "/a", "A/a", "a/b/c", "-a", "a_", "contains a space", `${LABEL_63}a`],
  ],
  labelValue: [
    ["", "a", "my-cool_label.Value", LABEL_63],
    ["-a", "a-", "a/b", "!", `${LABEL_63}a`],
  ],
  dns1123LabelPrefix: [
    ["my-label-prefix-", "a", "a-", "a--", `${LABEL_63}-`],
    ["", "-", "contains a space-", "-a-", "a.", `${LABEL_63}aa-`],
  ],
  dns1123SubdomainPrefix: [
    ["mysubdomain.prefix.-", "a.b", "a-"],
    ["", "-", "a..", "A.b-"],
  ],
  dns1035LabelPrefix: [
    ["my-label-prefix-", "a-"],
    ["", "-", "1-a-"],
  ],
  uri: [
    [
      "http://example.com",
      "https://user:pa%20ss@example.com:8443/a/b%2Fc?d=e&f#g",
      "http://[::1]:80/",
      "http://[fe80::1%25eth0]",
      "http://a/ b",
      "http://",
      "HTTP://a:/",
      "/path",
      "//a/b",
      "mailto:a@b.example",
      "urn:x:%zz",
      "*",
      "http://ü.example/ü",
      "http://%C3%BC.example",
      "a+1.-:b",
    ],
    [
      "",
      "example.com",
      "../a",
      "?a",
      "*?a",
      ":a",
      "1a:b",
      "http://a b/",
      "http://a:b/",
      "http://[::1",
      "http://[::1]a",
      "http://a^b",
      "http://%41.example",
      "http://a/%zz",
      "http://a/%4",
      "http://u ser@a/",
      "http://a\n/",
      "http://a/\u007f",
    ],
  ],
  uuid: [
    ["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"],
    ["", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-42661417400g"],
  ],
  byte: [
    ["aGVsbG8=", "YQ==", "YWJj", "+/+/"],
    ["", "aGVsbG8", "a===", "====", "YQ==YQ==", "-_-_", "YWJj\n"],
  ],
  date: [
    ["2021-01-01", "2024-02-29", "0001-01-01"],
    ["", "2020-01-32", "2021-02-29", "2021-1-1", "21-01-01", "2021-01-01T", "2021-13-01"],
  ],
  datetime: [
    ["2021-01-01T00:00:00Z", "2021-01-01t23:59:59.999z", "2021-01-01T00:00:00-07:00"],
    [
      "",
      "2021-01-01",
      "2020-01-32T00:00:00Z",
      "2021-01-01T24:00:00Z",
      "2021-01-01T00:60:00Z",
      "2021-01-01T00:00:00",
      "2021-01-01 00:00:00Z",
    ],
  ],
};

describe("a named format", () => {
  it("is there for every name that Kubernetes has", () => {
    expect([...NAMED_FORMATS.keys()].toSorted()).toEqual(Object.keys(SAMPLES).toSorted());
  });

  describe.each(Object.entries(SAMPLES))("%s", (name, [right, wrong]) => {
    it.each(right)("is that of %j", (text) => {
      expect(NAMED_FORMATS.get(name)?.faultsOf(text)).toEqual([]);
    });

    it.each(wrong)("is not that of %j", (text) => {
      expect(NAMED_FORMATS.get(name)?.faultsOf(text)).not.toEqual([]);
    });
  });

  it.each([
    ["format.dns1123Label().validate(object.metadata.name).hasValue()", false],
    [
      "format.dns1123Label().validate(object.metadata.name + '_').orValue([]).join()",
      "must be small letters, digits and `-`, and begin and end with a letter or digit",
    ],
    [
      "format.labelValue().validate('a'.replace('a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')).value()[0]",
      "must have at most 63 characters",
    ],
    [
      "format.qualifiedName().validate('A/-').value().join('; ')",
      "what stands before `/` must be small letters, digits, `-` and `.`, and begin and end with a letter or digit; what stands behind `/` must be letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit",
    ],
    [
      "format.uri().validate('http://a b').value()[0]",
      "`http://a b` is not a URI: `a b` is no host",
    ],
    [
      "format.named(object.metadata.name).hasValue() || format.named('constructor').hasValue()",
      false,
    ],
    ["format.named('uuid').value() == format.uuid() && format.uuid() != format.uri()", true],
    [
      "object.spec.ingress[0].ports.all(p, type(p.port) == int || !format.dns1123Label().validate(p.port).hasValue())",
      true,
    ],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toBe(value);
  });

  it.each([
    [
      "format.dns1124Label()",
      /^error: unknown function `format.dns1124Label`; did you mean `format.dns1123Label`/,
    ],
    [
      "format.uuid().validate(1)",
      /^error: `validate` does not take \(kubernetes.NamedFormat, int\)/,
    ],
    [
      "format.uuid().validate(object.one)",
      /^error: `validate` does not take \(kubernetes.NamedFormat, int\)/,
    ],
  ])("%s is an error", (expression, message) => {
    expect(evaluate(expression)).toMatch(message);
  });
});

describe("the parts of a URI", () => {
  it.each([
    [
      "HTTPS://u:p@a.example:8443/b/c?d?e",
      { scheme: "https", host: "a.example:8443", path: "/b/c", query: "d?e" },
    ],
    ["http://[::1]:80", { scheme: "http", host: "[::1]:80", path: "", query: "" }],
    ["/a?b", { scheme: "", host: "", path: "/a", query: "b" }],
    ["//a/b", { scheme: "", host: "", path: "//a/b", query: "" }],
  ])("%s", (text, parts) => {
    expect(parseRequestUri(text)).toEqual(parts);
  });
});
